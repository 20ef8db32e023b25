using System.Runtime.InteropServices;
using Hearth.Linux.Interop;

namespace Hearth.Linux;

/// <summary>A connection between two processes that carries whole messages, and descriptors with them (unix(7), SOCK_SEQPACKET).</summary>
/// <remarks>One thread sends and one receives at a time.</remarks>
public sealed unsafe class MessageSocket : IDisposable
{
    /// <summary>Bytes that a message has at most.</summary>
    public const int MaximumLength = 64 << 10;

    /// <summary>Descriptors that go with a message at most.</summary>
    public const int MaximumDescriptors = 32;

    // A message is taken at once or not at all: who does not take it for so long is not there any more.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    /// <param name="file">A connected socket of this kind; owned from now on.</param>
    public MessageSocket(FileDescriptor file)
    {
        ArgumentNullException.ThrowIfNull(file);
        File = file;
        long* time = stackalloc long[2] { (long)s_patience.TotalSeconds, 0 };
        _ = Libc.setsockopt(file.Number, Libc.SOL_SOCKET, Libc.SO_SNDTIMEO, time, 2 * sizeof(long));
    }

    public FileDescriptor File { get; }

    /// <summary>Two connected sockets, closed on exec.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public static (MessageSocket Near, MessageSocket Far) CreatePair()
    {
        int* pair = stackalloc int[2];
        if (Libc.socketpair(Libc.AF_UNIX, Libc.SOCK_SEQPACKET | Libc.SOCK_CLOEXEC, 0, pair) != 0)
            throw LinuxException.Last("cannot create a pair of sockets");
        return (new MessageSocket(new FileDescriptor(pair[0])), new MessageSocket(new FileDescriptor(pair[1])));
    }

    /// <summary>A socket, connected to the one that another process listens at.</summary>
    /// <param name="path">Made by <see cref="FileDescriptor.ListenForMessages"/>.</param>
    /// <exception cref="LinuxException">Nobody listens there; the message starts with the path.</exception>
    public static MessageSocket Connect(string path) => new(FileDescriptor.Connect(path, Libc.SOCK_SEQPACKET));

    /// <summary>Takes a connection that was asked for.</summary>
    /// <param name="listener">Made by <see cref="FileDescriptor.ListenForMessages"/>.</param>
    /// <returns>null where nobody asks any more.</returns>
    public static MessageSocket? TryAccept(FileDescriptor listener)
    {
        ArgumentNullException.ThrowIfNull(listener);
        int number = Libc.accept4(listener.Number, null, null, Libc.SOCK_CLOEXEC);
        return number >= 0 ? new MessageSocket(new FileDescriptor(number)) : null;
    }

    /// <summary>Sends a message.</summary>
    /// <param name="message">1 byte to <see cref="MaximumLength"/>.</param>
    /// <param name="descriptors">The other side gets its own of each.</param>
    /// <exception cref="LinuxException">The other side is gone, or takes nothing.</exception>
    public void Send(ReadOnlySpan<byte> message, params ReadOnlySpan<FileDescriptor> descriptors)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(message.Length, MaximumLength);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(descriptors.Length, MaximumDescriptors);
        byte* control = stackalloc byte[ControlLength(MaximumDescriptors)];
        var header = (Libc.ControlHeader*)control;
        *header = new Libc.ControlHeader
        {
            cmsg_len = (nuint)(sizeof(Libc.ControlHeader) + (descriptors.Length * sizeof(int))),
            cmsg_level = Libc.SOL_SOCKET,
            cmsg_type = Libc.SCM_RIGHTS,
        };
        for (int i = 0; i < descriptors.Length; i++)
            ((int*)(header + 1))[i] = descriptors[i].Number;

        // SAFETY: the kernel only reads what is pinned here and what lies on this stack.
        fixed (byte* start = message)
        {
            var vector = new Libc.IoVector { iov_base = start, iov_len = (nuint)message.Length };
            var what = new Libc.MessageHeader { msg_iov = &vector, msg_iovlen = 1 };
            if (descriptors.Length > 0)
            {
                what.msg_control = control;
                what.msg_controllen = (nuint)ControlLength(descriptors.Length);
            }

            nint sent;
            do
                sent = Libc.sendmsg(File.Number, &what, Libc.MSG_NOSIGNAL);
            while (sent < 0 && Marshal.GetLastPInvokeError() == Libc.EINTR);
            if (sent < 0)
                throw LinuxException.Last("cannot send a message");
        }
    }

    /// <summary>Waits for the next message.</summary>
    /// <param name="to">A longer one is cut, which <see cref="MaximumLength"/> bytes never do.</param>
    /// <param name="descriptors">Those that came with it; the caller's from now on.</param>
    /// <returns>Its length; 0 when the other side is gone.</returns>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public int Receive(Span<byte> to, out FileDescriptor[] descriptors)
    {
        byte* control = stackalloc byte[ControlLength(MaximumDescriptors)];
        descriptors = [];

        // SAFETY: the kernel writes no more than the lengths that it is given.
        fixed (byte* start = to)
        {
            var vector = new Libc.IoVector { iov_base = start, iov_len = (nuint)to.Length };
            var what = new Libc.MessageHeader
            {
                msg_iov = &vector, msg_iovlen = 1, msg_control = control, msg_controllen = (nuint)ControlLength(MaximumDescriptors),
            };
            nint received;
            do
                received = Libc.recvmsg(File.Number, &what, Libc.MSG_CMSG_CLOEXEC);
            while (received < 0 && Marshal.GetLastPInvokeError() == Libc.EINTR);
            if (received < 0)
                return Marshal.GetLastPInvokeError() == Libc.ECONNRESET ? 0 : throw LinuxException.Last("cannot receive a message");
            descriptors = Take((Libc.ControlHeader*)control, what.msg_controllen);
            return (int)received;
        }
    }

    /// <summary>Waits until a message is there, or the other side is gone, or the time is over.</summary>
    /// <returns>False when the time is over.</returns>
    public bool Wait(TimeSpan limit) => Descriptors.WaitReadable(File, limit);

    /// <summary>Whoever waits for a message here, or at the other side, is told that there will be none.</summary>
    public void End() => File.ShutDown();

    /// <summary>Whoever waits for a message here is told that there will be none; the other side can send nothing more, and is not told of an end.</summary>
    public void EndReceiving() => File.ShutDownReading();

    public void Dispose() => File.Dispose();

    private static FileDescriptor[] Take(Libc.ControlHeader* header, nuint length)
    {
        if (length < (nuint)sizeof(Libc.ControlHeader) || header->cmsg_level != Libc.SOL_SOCKET || header->cmsg_type != Libc.SCM_RIGHTS)
            return [];
        int count = (int)((header->cmsg_len - (nuint)sizeof(Libc.ControlHeader)) / sizeof(int));
        var taken = new FileDescriptor[count];
        for (int i = 0; i < count; i++)
            taken[i] = new FileDescriptor(((int*)(header + 1))[i]);
        return taken;
    }

    /// <summary>CMSG_SPACE: the header, and the numbers up to the next word.</summary>
    private static int ControlLength(int descriptors) => sizeof(Libc.ControlHeader) + ((descriptors * sizeof(int)) + 7) / 8 * 8;
}
