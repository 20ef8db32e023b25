using Hearth.Cpu;
using Hearth.Machine;
using Hearth.Protocol;
using Hearth.Vm.Composition;
using Hearth.Vm.Reports;
using Hearth.Vm.Saving;

namespace Hearth.Vm.Running;

/// <summary>Runs a machine until something ends it: takes its events one after the other and acts on each while it is paused.</summary>
internal sealed class GuestRun
{
    private readonly GuestMachine _machine;
    private readonly MachineEvents _events;
    private readonly bool _exitOnReset;
    private readonly GuestFile? _save;
    private readonly Action<string> _warn;

    /// <param name="exitOnReset">A guest reset ends the run.</param>
    /// <param name="save">Where an event that asks for it saves the guest.</param>
    /// <param name="warn">Takes a sentence for the user while the guest goes on.</param>
    public GuestRun(GuestMachine machine, MachineEvents events, bool exitOnReset, GuestFile? save, Action<string> warn)
    {
        _machine = machine;
        _events = events;
        _exitOnReset = exitOnReset;
        _save = save;
        _warn = warn;
    }

    /// <summary>Runs a machine that is paused.</summary>
    /// <exception cref="MachineException">The guest reset itself, and its kernel cannot be started again.</exception>
    public GuestOutcome Run()
    {
        while (true)
        {
            _machine.Resume();
            MachineEvent happened = _events.Take();
            _machine.Pause();
            if (Act(happened) is { } outcome)
                return outcome;
        }
    }

    /// <returns>Null when the machine is to go on.</returns>
    private GuestOutcome? Act(in MachineEvent happened) => happened.Kind switch
    {
        MachineEventKind.PowerOff => new GuestOutcome(ExitCode.Success),
        MachineEventKind.Reset => _exitOnReset
            ? new GuestOutcome(ExitCode.GuestReset, "the guest asked for a reset, and --no-reboot is set")
            : Restart(),
        MachineEventKind.DebugExit => new GuestOutcome(ExitCode.FromDebugExit(happened.Value)),
        MachineEventKind.VcpuStopped => ActOn(happened.Exit, _machine.Processors[(int)happened.Value]),
        MachineEventKind.Quit => new GuestOutcome(ExitCode.UserQuit),
        MachineEventKind.Signal => new GuestOutcome(ExitCode.HostFault, Signal: (int)happened.Value),
        _ => Save(),
    };

    private GuestOutcome? ActOn(in VcpuExit exit, Processor processor)
    {
        if (exit.Reason == VcpuExitReason.Shutdown && !_exitOnReset)
            return Restart();
        (int code, string what) = exit.Reason switch
        {
            VcpuExitReason.Shutdown => (ExitCode.TripleFault, "the guest shut down by a triple fault"),
            VcpuExitReason.Unsupported => (ExitCode.Unsupported, "the guest needs what the CPU engine does not do"),
            _ => (ExitCode.HostFault, "the CPU engine failed"),
        };
        return new GuestOutcome(
            code, $"{what} on vCPU {processor.Index}: {exit.Detail}", CrashReport.Of(processor, _machine.Ram));
    }

    private GuestOutcome? Restart()
    {
        _machine.PowerOn();
        return null;
    }

    private GuestOutcome? Save()
    {
        if (_save is null)
            return null;
        if (_save.TryWrite(_machine, out string? problem))
            return new GuestOutcome(ExitCode.Saved);

        // The guest is worth more than the wish to save it now.
        _warn(problem);
        return null;
    }
}
