using System.Globalization;
using System.Text;
using Hearth.Linux.Interop;

namespace Hearth.Linux;

/// <summary>
/// A terminal in raw mode: every key, Ctrl-C included, arrives as a byte. <see cref="Restore"/> and dispose bring back the mode it had.
/// </summary>
public sealed unsafe class RawTerminal : IDisposable
{
    private readonly FileDescriptor _terminal;
    private readonly Lock _lock = new();
    private readonly Libc.TerminalSettings _before;
    private bool _isRaw;

    private RawTerminal(FileDescriptor terminal, Libc.TerminalSettings before)
    {
        _terminal = terminal;
        _before = before;
    }

    /// <summary>True when the descriptor is a terminal.</summary>
    public static bool IsTerminal(FileDescriptor descriptor)
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        return Libc.isatty(descriptor.Number) == 1;
    }

    /// <summary>The mode of a terminal in the form that <c>stty</c> prints with <c>-g</c> and takes back.</summary>
    /// <returns>Null when the descriptor is no terminal.</returns>
    public static string? Describe(FileDescriptor descriptor)
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        Libc.TerminalSettings settings;
        if (!IsTerminal(descriptor) || Libc.tcgetattr(descriptor.Number, &settings) != 0)
            return null;
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{settings.c_iflag:x}:{settings.c_oflag:x}:{settings.c_cflag:x}:{settings.c_lflag:x}");
        for (int i = 0; i < Libc.NCCS; i++)
            text.Append(CultureInfo.InvariantCulture, $":{settings.c_cc[i]:x}");
        return text.ToString();
    }

    /// <summary>Notes the mode of a terminal and makes it raw.</summary>
    /// <returns>Null when the descriptor is no terminal.</returns>
    public static RawTerminal? TryEnter(FileDescriptor descriptor)
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        Libc.TerminalSettings before;
        if (!IsTerminal(descriptor) || Libc.tcgetattr(descriptor.Number, &before) != 0)
            return null;
        var terminal = new RawTerminal(descriptor, before);
        lock (terminal._lock)
            terminal.MakeRawLocked();
        return terminal;
    }

    /// <summary>Makes the terminal raw again after a shell has taken it and given it back; nothing once it was restored.</summary>
    public void Continue()
    {
        lock (_lock)
        {
            if (_isRaw)
                MakeRawLocked();
        }
    }

    /// <summary>Brings back the mode the terminal had; harmless when repeated.</summary>
    public void Restore()
    {
        lock (_lock)
        {
            if (!_isRaw)
                return;
            Libc.TerminalSettings before = _before;
            _ = Libc.tcsetattr(_terminal.Number, Libc.TCSADRAIN, &before);
            _isRaw = false;
        }
    }

    public void Dispose() => Restore();

    private void MakeRawLocked()
    {
        Libc.TerminalSettings raw = _before;
        Libc.cfmakeraw(&raw);

        // Line ends of Hearth's own messages still go to the left margin; the guest's own \r\n come to no harm.
        raw.c_oflag |= Libc.OPOST;
        _ = Libc.tcsetattr(_terminal.Number, Libc.TCSADRAIN, &raw);
        _isRaw = true;
    }
}
