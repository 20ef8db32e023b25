using Hearth.Linux;
using Hearth.Protocol;

namespace Hearth.Vm.Terminal;

/// <summary>The terminal while it is the guest's: raw, and back in its own mode when the guest ends, however it ends.</summary>
internal sealed class GuestTerminal : IDisposable
{
    private const int StandardInput = 0;

    private readonly RawTerminal _terminal;
    private readonly FileDescriptor? _guard;

    private GuestTerminal(RawTerminal terminal, FileDescriptor? guard)
    {
        _terminal = terminal;
        _guard = guard;
        AppDomain.CurrentDomain.UnhandledException += (_, _) => Restore();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Restore();
    }

    /// <returns>Null when no device of the guest is plugged into the terminal, or there is none.</returns>
    public static GuestTerminal? TryEnter(GuestConfiguration configuration)
    {
        if (configuration.Serial.Input != StandardInput && configuration.Console?.Input != StandardInput)
            return null;
        RawTerminal? terminal = RawTerminal.TryEnter(new FileDescriptor(StandardInput));
        FileDescriptor? guard = configuration.TerminalGuard is { } number ? new FileDescriptor(number) : null;
        return terminal is null ? null : new GuestTerminal(terminal, guard);
    }

    /// <inheritdoc cref="RawTerminal.Continue"/>
    public void Continue() => _terminal.Continue();

    /// <summary>Brings back the terminal's own mode; harmless when repeated.</summary>
    public void Restore()
    {
        _terminal.Restore();
        try
        {
            _guard?.Write("restored\n"u8);
        }
        catch (LinuxException)
        {
            // The guard was told before, or killed: nothing is left to guard.
        }
    }

    public void Dispose() => Restore();
}
