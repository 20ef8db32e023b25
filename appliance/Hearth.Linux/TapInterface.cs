using System.Runtime.InteropServices;
using Hearth.Linux.Interop;

namespace Hearth.Linux;

/// <summary>A virtual network interface of the host whose other end is a descriptor (Documentation/networking/tuntap.rst): each read and write is one Ethernet frame.</summary>
public sealed unsafe class TapInterface : IDisposable
{
    private const string Device = "/dev/net/tun";

    private readonly FileDescriptor _file;

    /// <param name="file">One that <see cref="Open"/> gave, also in another process; owned from now on.</param>
    public TapInterface(FileDescriptor file) => _file = file;

    /// <summary>The descriptor, ready when there is a frame to read.</summary>
    public FileDescriptor File => _file;

    /// <summary>True for what can be the name of an interface.</summary>
    public static bool IsName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.Length is > 0 and < Libc.IFNAMSIZ && name is not ("." or "..") && name.All(c => char.IsAscii(c) && !char.IsControl(c) && c is not ('/' or ':' or ' ' or '%'));
    }

    /// <summary>Opens an interface, makes it if it is not there, takes it up, and joins it with a bridge. It goes away with its descriptor unless it was there before.</summary>
    /// <param name="bridge">A bridge that is there; null for none.</param>
    /// <returns>The descriptor, closed on exec.</returns>
    /// <exception cref="LinuxException">The kernel refused: no right to do it, no such bridge, in use.</exception>
    public static FileDescriptor Open(string name, string? bridge)
    {
        FileDescriptor file = FileDescriptor.Open(Device, FileAccessMode.ReadWrite);
        try
        {
            var request = new Libc.InterfaceRequest(name) { Flags = Libc.IFF_TAP | Libc.IFF_NO_PI };
            if (Libc.ioctl(file.Number, Libc.TUNSETIFF, &request) != 0)
                throw LinuxException.Last($"the interface {name}");
            if (Libc.fcntl(file.Number, Libc.F_SETFL, Libc.O_RDWR | Libc.O_NONBLOCK) != 0)
                throw LinuxException.Last($"the interface {name}");
            using var control = new FileDescriptor(Libc.socket(Libc.AF_INET, Libc.SOCK_DGRAM | Libc.SOCK_CLOEXEC, 0));
            TakeUp(control, name);
            if (bridge is not null)
                Join(control, name, bridge);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Takes the next frame.</summary>
    /// <param name="to">As large as a frame can be; of a larger one the rest is lost.</param>
    /// <returns>Its length; 0 when there is none now, or the interface is down.</returns>
    public int Read(Span<byte> to)
    {
        // SAFETY: the kernel writes no more than the length that is pinned.
        fixed (byte* start = to)
            return (int)Math.Max(Libc.read(_file.Number, start, to.Length), 0);
    }

    /// <returns>False when the host does not take it now: the interface is down, or its queue full.</returns>
    public bool TryWrite(ReadOnlySpan<byte> frame)
    {
        // SAFETY: the kernel reads no more than the length that is pinned.
        fixed (byte* start = frame)
            return Libc.write(_file.Number, start, frame.Length) == frame.Length;
    }

    public void Dispose() => _file.Dispose();

    private static void TakeUp(FileDescriptor control, string name)
    {
        var request = new Libc.InterfaceRequest(name);
        if (Libc.ioctl(control.Number, Libc.SIOCGIFFLAGS, &request) != 0)
            throw LinuxException.Last($"the interface {name}");
        if ((request.Flags & Libc.IFF_UP) != 0)
            return;
        request.Flags |= Libc.IFF_UP;
        if (Libc.ioctl(control.Number, Libc.SIOCSIFFLAGS, &request) != 0)
            throw LinuxException.Last($"the interface {name} cannot be taken up");
    }

    private static void Join(FileDescriptor control, string name, string bridge)
    {
        const int EBUSY = 16;
        var interfaceRequest = new Libc.InterfaceRequest(name);
        if (Libc.ioctl(control.Number, Libc.SIOCGIFINDEX, &interfaceRequest) != 0)
            throw LinuxException.Last($"the interface {name}");
        var request = new Libc.InterfaceRequest(bridge) { Index = interfaceRequest.Index };

        // One that was made before may be in the bridge already; one that is in another says so as well, and stays there.
        if (Libc.ioctl(control.Number, Libc.SIOCBRADDIF, &request) != 0 && (Marshal.GetLastPInvokeError() != EBUSY || !IsIn(name, bridge)))
            throw LinuxException.Last($"the interface {name} cannot join the bridge {bridge}");
    }

    private static bool IsIn(string name, string bridge) => Directory.Exists($"/sys/class/net/{bridge}/brif/{name}");
}
