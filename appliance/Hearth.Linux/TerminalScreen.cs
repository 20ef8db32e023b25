using Hearth.Linux.Interop;

namespace Hearth.Linux;

/// <summary>The screen of a terminal.</summary>
public static unsafe class TerminalScreen
{
    /// <summary>How many columns it has. Nothing is written to the terminal to find out, as <see cref="Console"/> does.</summary>
    /// <returns>Null when the descriptor is no terminal, or one that does not know.</returns>
    public static int? Width(FileDescriptor descriptor)
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        Libc.WindowSize size;
        return Libc.ioctl(descriptor.Number, Libc.TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : null;
    }
}
