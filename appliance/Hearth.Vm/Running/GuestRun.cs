using System.Diagnostics;
using Hearth.Cpu;
using Hearth.Linux;
using Hearth.Machine;
using Hearth.Protocol;
using Hearth.Vm.Composition;
using Hearth.Vm.Hosting;
using Hearth.Vm.Reports;
using Hearth.Vm.Saving;

namespace Hearth.Vm.Running;

/// <summary>Runs a machine until something ends it: takes its events one after the other and acts on each while it is paused. Saving begins before that.</summary>
internal sealed class GuestRun
{
    private static readonly TimeSpan s_watchdogSilence = TimeSpan.FromSeconds(10);

    private readonly GuestMachine _machine;
    private readonly MachineEvents _events;
    private readonly bool _exitOnReset;
    private readonly WatchdogAction _watchdog;
    private readonly GuestFile? _file;
    private readonly Action<string> _tell;
    private readonly HostedGuest? _hosted;
    private long _watchdogTold;

    /// <param name="exitOnReset">A guest reset ends the run.</param>
    /// <param name="file">Where an event that asks for it saves the guest.</param>
    /// <param name="tell">Takes a sentence for the user while the guest goes on.</param>
    /// <param name="watchdog">What is done when the guest's watchdog runs out.</param>
    /// <param name="hosted">What is done for the supervisor; null where there is none.</param>
    public GuestRun(
        GuestMachine machine, MachineEvents events, bool exitOnReset, GuestFile? file, Action<string> tell, WatchdogAction watchdog = WatchdogAction.Reset,
        HostedGuest? hosted = null)
    {
        _hosted = hosted;
        _machine = machine;
        _events = events;
        _exitOnReset = exitOnReset;
        _watchdog = watchdog;
        _file = file;
        _tell = tell;
    }

    /// <summary>Runs a machine that is paused.</summary>
    /// <exception cref="MachineException">The guest reset itself, and its kernel cannot be started again.</exception>
    public GuestOutcome Run()
    {
        bool isRunning = false;
        while (true)
        {
            // What the guest has done to itself comes before its next instruction.
            if (!isRunning && !_events.HasOthers && (_hosted?.MayRun ?? true))
            {
                _hosted?.BeforeRunning();
                _machine.Resume();
                isRunning = true;
            }

            MachineEvent happened = _events.Take();
            if (happened.Kind is MachineEventKind.Order or MachineEventKind.Cut or MachineEventKind.CatchUp)
            {
                if (ActForSupervisor(happened, ref isRunning) is { } end)
                    return Stop(end, isRunning);
                continue;
            }

            // What ends the guest whatever state it is in does not wait for a save, nor for a vCPU that waits for one.
            if (happened.Kind is MachineEventKind.Quit or MachineEventKind.Signal)
                _hosted?.GiveUpSave(ref isRunning);
            using GuestSave? save = happened.Kind == MachineEventKind.Save ? BeginSave() : null;
            long paused = Stopwatch.GetTimestamp();
            if (isRunning)
                _machine.Pause();
            isRunning = false;
            if (Act(happened, save, paused) is { } outcome)
                return outcome;
        }
    }

    private GuestOutcome? ActForSupervisor(MachineEvent happened, ref bool isRunning)
    {
        if (happened.Kind == MachineEventKind.Order)
            return _hosted!.Act(ref isRunning);
        if (happened.Kind == MachineEventKind.Cut)
        {
            _hosted!.Cut(happened.Save!, ref isRunning);
            return null;
        }

        // It is set when the machine is about to run.
        if (isRunning)
            _machine.Pause();
        isRunning = false;
        return null;
    }

    private GuestOutcome Stop(GuestOutcome outcome, bool isRunning)
    {
        if (isRunning)
            _machine.Pause();
        return outcome;
    }

    /// <returns>Null when the machine is to go on.</returns>
    private GuestOutcome? Act(MachineEvent happened, GuestSave? save, long paused) => happened.Kind switch
    {
        MachineEventKind.PowerOff => new GuestOutcome(ExitCode.Success) { Cause = GuestCause.PowerOff },
        MachineEventKind.Reset => _exitOnReset
            ? new GuestOutcome(ExitCode.GuestReset, "the guest asked for a reset, and --no-reboot is set") { Cause = GuestCause.Reset }
            : Restart(),
        MachineEventKind.DebugExit => new GuestOutcome(ExitCode.FromDebugExit(happened.Value)),
        MachineEventKind.Panic => new GuestOutcome(ExitCode.GuestPanic, "the guest's kernel panicked") { Cause = GuestCause.Panic },
        MachineEventKind.Dump => GoOn("the guest's kernel panicked, and goes on to write a dump"),
        MachineEventKind.Watchdog => ActOnWatchdog(),
        MachineEventKind.VcpuStopped => ActOn(happened.Exit, _machine.Processors[(int)happened.Value]),
        MachineEventKind.Quit => new GuestOutcome(ExitCode.UserQuit),
        MachineEventKind.Signal => new GuestOutcome(ExitCode.HostFault, Signal: (int)happened.Value),
        _ => EndSave(save, paused),
    };

    private GuestOutcome? ActOn(in VcpuExit exit, Processor processor)
    {
        // A guest that shuts down again and again is what the supervisor has its ladder for; on a terminal it boots as a PC does.
        if (exit.Reason == VcpuExitReason.Shutdown && !_exitOnReset && _hosted is null)
            return Restart();
        (int code, GuestCause cause, string what) = exit.Reason switch
        {
            VcpuExitReason.Shutdown => (ExitCode.TripleFault, GuestCause.TripleFault, "the guest shut down by a triple fault"),
            VcpuExitReason.Unsupported => (ExitCode.Unsupported, GuestCause.Unsupported, "the guest needs what the CPU engine does not do"),
            _ => (ExitCode.HostFault, GuestCause.HostFault, "the CPU engine failed"),
        };
        return new GuestOutcome(
            code, $"{what} on vCPU {processor.Index}: {exit.Detail}", CrashReport.Of(processor, _machine.Ram)) { Cause = cause };
    }

    private GuestOutcome? ActOnWatchdog()
    {
        const string What = "the guest's watchdog ran out";
        if (_watchdog == WatchdogAction.Report)
            return IsWatchdogToBeTold() ? GoOn($"{What}; the guest goes on") : null;
        if (_watchdog == WatchdogAction.PowerOff || _exitOnReset)
            return new GuestOutcome(ExitCode.Watchdog, What) { Cause = GuestCause.Watchdog };
        _tell($"{What}; the guest is reset");
        _hosted?.Tell(GuestCause.Watchdog, What);
        return Restart();
    }

    /// <summary>A guest that lets it run out all the time is not to fill the host's log.</summary>
    private bool IsWatchdogToBeTold()
    {
        bool isFirst = _watchdogTold == 0;
        if (!isFirst && Stopwatch.GetElapsedTime(_watchdogTold) < s_watchdogSilence)
            return false;
        _watchdogTold = Stopwatch.GetTimestamp();
        return true;
    }

    private GuestOutcome? GoOn(string sentence)
    {
        _tell(sentence);
        return null;
    }

    private GuestOutcome? Restart()
    {
        _hosted?.Tell(GuestCause.Reset, "the guest boots again");
        _machine.PowerOn();
        return null;
    }

    /// <summary>Saves what can be saved while the guest runs.</summary>
    /// <returns>Null when the guest cannot be saved, or is not to be.</returns>
    private GuestSave? BeginSave()
    {
        if (_file is null)
            return null;
        GuestSave? save = null;
        try
        {
            save = new GuestSave(_machine, _file);
            save.CopyWhileItRuns(() => _events.HasOthers);
            return save;
        }
        catch (Exception error) when (error is IOException or LinuxException)
        {
            save?.Dispose();
            TellFailure(error);
            return null;
        }
    }

    private GuestOutcome? EndSave(GuestSave? save, long paused)
    {
        // What happened first is not part of the saved state: a guest that has just switched itself off would wait for that forever.
        if (_events.HasOthers)
            return ActOnOther(isSavePostponed: save is not null);
        if (save is null)
            return null;
        try
        {
            _machine.FlushDisks();
            save.Finish(paused);
            return new GuestOutcome(ExitCode.Saved) { Statistics = save.Statistics() };
        }
        catch (Exception error) when (error is IOException or LinuxException)
        {
            TellFailure(error);
            return null;
        }
    }

    private GuestOutcome? ActOnOther(bool isSavePostponed)
    {
        MachineEvent happened;
        do
        {
            happened = _events.Take();
        }
        while (happened.Kind == MachineEventKind.Save);
        if (isSavePostponed)
            _events.Post(new MachineEvent(MachineEventKind.Save));
        return Act(happened, null, 0);
    }

    private void TellFailure(Exception error) => _tell($"the guest cannot be saved and goes on: {error.Message}");
}
