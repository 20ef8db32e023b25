using System.Runtime.InteropServices;
using System.Text;

namespace Hearth.Linux.Interop;

/// <content>Network interfaces (netdevice(7), Documentation/networking/tuntap.rst).</content>
internal static unsafe partial class Libc
{
    internal const int AF_INET = 2;
    internal const int SOCK_DGRAM = 2;
    internal const int F_SETFL = 4;
    internal const int O_NONBLOCK = 0x800;
    internal const int IFNAMSIZ = 16;
    internal const short IFF_UP = 1;
    internal const short IFF_TAP = 2;
    internal const short IFF_NO_PI = 0x1000;
    internal const nuint TUNSETIFF = 0x400454CA;
    internal const nuint SIOCGIFFLAGS = 0x8913;
    internal const nuint SIOCSIFFLAGS = 0x8914;
    internal const nuint SIOCGIFINDEX = 0x8933;
    internal const nuint SIOCBRADDIF = 0x89A2;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int ioctl(int fd, nuint request, InterfaceRequest* argument);

    /// <summary>struct ifreq: a name, and flags or an index.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 40)]
    internal struct InterfaceRequest
    {
        [FieldOffset(0)] private fixed byte _name[IFNAMSIZ];
        [FieldOffset(IFNAMSIZ)] public short Flags;
        [FieldOffset(IFNAMSIZ)] public int Index;

        /// <param name="name">Shorter than the field: it ends with a zero.</param>
        internal InterfaceRequest(string name)
        {
            fixed (byte* field = _name)
                Encoding.ASCII.TryGetBytes(name, new Span<byte>(field, IFNAMSIZ - 1), out _);
        }
    }
}
