using Hearth.Linux;
using Hearth.Machine;
using Hearth.Memory;
using Hearth.Protocol;
using Hearth.Vm.Composition;
using Hearth.Vm.Running;

namespace Hearth.Vm.Hosting;

/// <summary>What a guest does for the supervisor. All of it by the thread that runs the machine, but for the greeting.</summary>
internal sealed class HostedGuest : IDisposable
{
    // Long enough for a guest to look at its clock.
    private static readonly TimeSpan s_pace = TimeSpan.FromMilliseconds(50);

    private readonly GuestMachine _machine;
    private readonly MachineEvents _events;
    private readonly ControlChannel _channel;
    private readonly UserFaults? _faults;
    private readonly FileDescriptor[] _screen;
    private readonly FileDescriptor? _exit;
    private readonly ChangedPages _changed;
    private readonly ulong _fillAddress;
    private readonly LostTime _lost = new();
    private readonly Timer _catchUp;
    private HostedSave? _save;
    private DateTimeOffset? _stopped;
    private volatile bool _isPaused;
    private volatile bool _isFilling;

    /// <param name="machine">Just composed: nothing was written to its memory.</param>
    /// <param name="channel">Owned from now on.</param>
    /// <param name="saved">When the state was saved that the guest goes on from; null where it boots.</param>
    /// <param name="screen">Descriptors of the guest's screen, for whoever looks at it; empty for none. Owned from now on.</param>
    /// <param name="exit">Tells the supervisor of this process's end; null for nothing that does. The caller's.</param>
    /// <exception cref="LinuxException">The host refused.</exception>
    public HostedGuest(
        GuestMachine machine, MachineEvents events, ControlChannel channel, HostingConfiguration hosting, DateTimeOffset? saved, FileDescriptor[] screen, FileDescriptor? exit)
    {
        _stopped = saved;
        _exit = exit;
        _screen = screen;
        _catchUp = new Timer(_ => events.Post(new MachineEvent(MachineEventKind.CatchUp)));
        _machine = machine;
        _events = events;
        _channel = channel;
        _changed = new ChangedPages(machine, hosting.Base);
        if (hosting.Machine is null)
            return;
        _isFilling = true;
        _faults = UserFaults.TryCreate(hosting.UserFaults is { } device ? new FileDescriptor(device) : null);
        _fillAddress = _faults is null ? 0 : machine.Ram.BeginFill(_faults);
    }

    /// <summary>The guest may run: it has its memory, or what it lacks comes when it is touched.</summary>
    public bool MayRun => !_isPaused && (!_isFilling || _faults is not null);

    /// <summary>
    /// Lets the supervisor in, and waits for it: it greets when it has noted this process, so that no guest ever runs in one that nobody knows of. Where memory comes when it is touched,
    /// somebody serves it when this returns.
    /// </summary>
    /// <returns>False when the supervisor wants this process to end.</returns>
    public bool Open()
    {
        _channel.Announce(Greet);
        return _channel.WaitUntilGreeted();
    }

    /// <summary>To be called before the machine runs, and then after a while (<see cref="MachineEventKind.CatchUp"/>): it gets the time that it has lost.</summary>
    public void BeforeRunning()
    {
        if (_stopped is { } stopped)
            _lost.AddSince(stopped);
        _stopped = null;
        _lost.CatchUp(_machine);
        if (_lost.HasMore)
            _catchUp.Change(s_pace, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Carries out an order.</summary>
    /// <param name="isRunning">The machine runs now; how it is afterwards.</param>
    /// <returns>How the guest ended; null when it goes on.</returns>
    public GuestOutcome? Act(ref bool isRunning)
    {
        if (!_channel.TryTake(out ReceivedOrder? received))
            return null;
        GuestOrder order = received!.Order;
        if (order.Kind == GuestOrderKind.Save)
        {
            BeginSave(received, ref isRunning);
            return null;
        }

        using (received)
        {
            CarryOut(order, ref isRunning);
            _channel.Done(order);
        }

        return order.Kind == GuestOrderKind.End ? new GuestOutcome(ExitCode.UserQuit) : null;
    }

    /// <summary>
    /// Ends a save that is under way, or that nobody has settled. What it has sent is to be sent again: the supervisor may have no state of it, and a state of its instant with pages of
    /// a later one would be of none.
    /// </summary>
    /// <param name="isRunning">The machine runs now; how it is afterwards.</param>
    public void GiveUpSave(ref bool isRunning)
    {
        if (_save is { } save)
        {
            _save = null;
            save.Dispose();
            if (save.HoldsDevices && isRunning)
            {
                // It is resumed before the next event.
                Stop();
                isRunning = false;
            }
        }

        _changed.Forget();
    }

    /// <summary>A save is prepared: takes the guest as it is.</summary>
    /// <param name="save">Left alone where it is not the one that is under way any more.</param>
    /// <inheritdoc cref="Act"/>
    public void Cut(HostedSave save, ref bool isRunning)
    {
        if (save != _save)
            return;
        bool wasRunning = isRunning;
        if (!save.TryCut(wasRunning, () => _events.HasOthers))
        {
            // What happened first is not part of the saved state: a guest that has just switched itself off would wait for that forever.
            isRunning = false;
            PostCut(save);
            return;
        }

        _isPaused |= save.Order.StaysPaused;
        if (wasRunning && save.Order.StaysPaused)
            _stopped = TimeProvider.System.GetUtcNow();
        isRunning = wasRunning && !save.Order.StaysPaused;
    }

    /// <summary>Says how the guest has ended.</summary>
    public void TellEnd(GuestCause cause, string? sentence) => _channel.Tell(GuestReportKind.Ended, cause, sentence);

    /// <summary>Says what the guest goes on after.</summary>
    public void Tell(GuestCause cause, string sentence) => _channel.Tell(GuestReportKind.Happened, cause, sentence);

    public void Dispose()
    {
        // Nobody takes its events after this, and soon nobody can.
        using (var ended = new ManualResetEvent(false))
        {
            if (_catchUp.Dispose(ended))
                _ = ended.WaitOne();
        }

        _save?.Dispose();
        _channel.Dispose();
        _changed.Dispose();
        _machine.Ram.EndFill();
        _faults?.Dispose();
        foreach (FileDescriptor file in _screen)
            file.Dispose();
    }

    private ControlChannel.Greeting Greet()
    {
        FillRequest? fill = _isFilling ? new FillRequest(_fillAddress, IsWaiting: _faults is null) : null;
        var message = new GuestGreeting(_machine.EngineName, _isPaused, (long)(_machine.Ram.Length / GuestRam.PageSize), _changed.Base, fill, _screen.Length > 0)
        {
            HostTscFrequency = _machine.HostTscFrequency,
            HasExitPipe = _exit is not null,
        };
        FileDescriptor[] memory = fill is null ? [] : [_faults?.File ?? _machine.Ram.File];
        FileDescriptor[] exit = _exit is null ? [] : [_exit];
        return new ControlChannel.Greeting(message, [.. memory, .. exit, .. _screen]);
    }

    private void Stop()
    {
        _machine.Pause();
        _stopped = TimeProvider.System.GetUtcNow();
    }

    private void CarryOut(GuestOrder order, ref bool isRunning)
    {
        switch (order.Kind)
        {
            case GuestOrderKind.Pause:
                _isPaused = true;
                if (isRunning)
                    Stop();
                isRunning = false;
                break;
            case GuestOrderKind.Resume:
                _isPaused = false;
                break;
            case GuestOrderKind.PressPowerButton:
                _machine.PressPowerButton();
                break;
            case GuestOrderKind.Reset:
                _events.Post(new MachineEvent(MachineEventKind.Reset));
                break;
            case GuestOrderKind.Settle:
                Settle(order.State);
                break;
            case GuestOrderKind.Forget or GuestOrderKind.End:
                GiveUpSave(ref isRunning);
                break;
            case GuestOrderKind.Filled:
                _machine.Ram.EndFill();
                _isFilling = false;
                break;
            default:
                break;
        }
    }

    private void BeginSave(ReceivedOrder received, ref bool isRunning)
    {
        GiveUpSave(ref isRunning);
        try
        {
            if (_isFilling && _changed.NeedsWhole(received.Order.Save?.Base ?? 0))
                throw new MachineException("the guest's memory has not all come yet");
            _save = new HostedSave(_machine, _changed, received, PostCut, EndSave);
            _save.Start();
        }
        catch (Exception error) when (error is FormatException or MachineException)
        {
            _channel.Refuse(received.Order, error.Message);
            received.Dispose();
        }
    }

    /// <summary>By the save's thread, or the machine's.</summary>
    private void PostCut(HostedSave save) => _events.Post(new MachineEvent(MachineEventKind.Cut, Save: save));

    /// <summary>What was sent has become a state. Where nothing was sent that could have, that state stays unknown here: the next save, which counts from it, sends everything.</summary>
    private void Settle(long state)
    {
        if (_save is not { IsSent: true } save)
            return;
        _save = null;
        save.Dispose();
        _changed.Settle(state);
    }

    /// <summary>By the save's thread.</summary>
    private void EndSave(HostedSave save, SaveReport? report, string? sentence)
    {
        if (report is not null)
            _channel.Done(save.Received, report);
        else
            _channel.Refuse(save.Received, sentence!);
    }
}
