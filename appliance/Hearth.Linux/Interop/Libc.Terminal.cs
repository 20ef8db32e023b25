using System.Runtime.InteropServices;

namespace Hearth.Linux.Interop;

/// <summary>Terminals (termios(3)); the structure is glibc's on x86-64.</summary>
internal static unsafe partial class Libc
{
    internal const uint OPOST = 1;
    internal const int TCSADRAIN = 1;
    internal const int NCCS = 32;
    internal const nuint TIOCGWINSZ = 0x5413;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int isatty(int fd);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int tcgetattr(int fd, TerminalSettings* settings);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int tcsetattr(int fd, int actions, TerminalSettings* settings);

    [LibraryImport("libc")]
    internal static partial void cfmakeraw(TerminalSettings* settings);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int ioctl(int fd, nuint request, WindowSize* argument);

    /// <summary>struct winsize.</summary>
    internal struct WindowSize
    {
        public ushort ws_row;
        public ushort ws_col;
        public ushort ws_xpixel;
        public ushort ws_ypixel;
    }

    [StructLayout(LayoutKind.Sequential, Size = 60)]
    internal struct TerminalSettings
    {
        public uint c_iflag;
        public uint c_oflag;
        public uint c_cflag;
        public uint c_lflag;
        public byte c_line;
        public fixed byte c_cc[NCCS];
    }
}
