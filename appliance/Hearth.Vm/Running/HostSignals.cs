using System.Runtime.InteropServices;
using Hearth.Linux;
using Hearth.Vm.Terminal;

namespace Hearth.Vm.Running;

/// <summary>The signals that mean something to a running guest, turned into events.</summary>
internal sealed class HostSignals : IDisposable
{
    // By number: one has no name here, the other's name is said not to exist on every system.
    private const PosixSignal SaveSignal = (PosixSignal)10; // SIGUSR1
    private const PosixSignal ContinueSignal = (PosixSignal)18; // SIGCONT

    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly MachineEvents _events;
    private readonly GuestTerminal? _terminal;
    private int _endings;

    /// <param name="terminal">The terminal to keep raw, or null.</param>
    public HostSignals(MachineEvents events, GuestTerminal? terminal)
    {
        _events = events;
        _terminal = terminal;
        foreach ((PosixSignal signal, int number) in (ReadOnlySpan<(PosixSignal, int)>)
            [(PosixSignal.SIGHUP, 1), (PosixSignal.SIGINT, 2), (PosixSignal.SIGQUIT, 3), (PosixSignal.SIGTERM, 15)])
        {
            _registrations.Add(PosixSignalRegistration.Create(signal, context => End(context, number)));
        }

        _registrations.Add(PosixSignalRegistration.Create(SaveSignal, Save));
        _registrations.Add(PosixSignalRegistration.Create(ContinueSignal, Continue));
    }

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
            registration.Dispose();
    }

    private void Continue(PosixSignalContext context)
    {
        // Otherwise the runtime takes the terminal's mode of this moment for its first, and sets it when the process exits.
        context.Cancel = true;
        _terminal?.Continue();
    }

    private void Save(PosixSignalContext context)
    {
        context.Cancel = true;
        _events.Post(new MachineEvent(MachineEventKind.Save));
    }

    /// <summary>Ends the guest in order; asked twice, at once.</summary>
    private void End(PosixSignalContext context, int number)
    {
        context.Cancel = true;
        if (Interlocked.Increment(ref _endings) == 1)
        {
            _events.Post(new MachineEvent(MachineEventKind.Signal, (uint)number));
            return;
        }

        _terminal?.Restore();
        ProcessImage.DieBy(number);
    }
}
