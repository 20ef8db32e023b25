using Hearth.House;
using Hearth.Linux.Jail;
using Hearth.Protocol;

namespace Hearth.Running;

/// <summary>Keeps one guest: starts and stops its process, saves it, and brings it back when it ends by itself. What is asked of it is done one thing after the other, each to its end.</summary>
internal sealed class GuestKeeper : IAsyncDisposable
{
    private const int MostGivenUp = 3;
    private static readonly TimeSpan s_silence = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_eventPace = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan[] s_pauses = [TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(4)];

    private readonly GuestHost _host;
    private readonly int _guest;
    private readonly Action<GuestCondition> _changed;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly CancellationTokenSource _ending = new();
    private readonly CrashLadder _ladder;
    private readonly GuestUpkeep _upkeep;
    private readonly GuestLaunch _launch;

    // Under _gate.
    private GuestPresent _present;
    private RunningGuest? _running;
    private Heartbeat? _beat;
    private bool _isExpectedToEnd;
    private volatile GuestCondition _condition;
    private (GuestCause Cause, DateTimeOffset Time) _lastNote;

    /// <summary>Never fails.</summary>
    private Task _noting = Task.CompletedTask;

    /// <summary>How many wait for the gate.</summary>
    private int _waiting;

    public GuestKeeper(GuestHost host, int guest, Action<GuestCondition> changed)
    {
        (_host, _guest, _changed) = (host, guest, changed);
        _present = host.PresentOf(guest);
        _upkeep = new GuestUpkeep(host, guest);
        _launch = new GuestLaunch(host, guest, _upkeep, NoteWhatHappened, Ended);
        _ladder = new CrashLadder(host.Clock, host.MostCrashes);
        _condition = new GuestCondition(guest, PhaseAtRest(), host.Clock.GetUtcNow(), LastState: host.States.LastOf(guest));
    }

    public GuestCondition Condition => _condition;

    /// <summary>Takes the guest's process back from a supervisor that is gone; one that has ended meanwhile is answered as if it had ended now. Never fails.</summary>
    public Task TakeBackAsync() => WithGateAsync(async () =>
    {
        try
        {
            await TakeBackLockedAsync().ConfigureAwait(false);
        }
        catch (Exception error) when (HostFailure.IsOne(error))
        {
            _host.LogOf(_guest, $"it cannot be taken back: {error.Message}");
        }
    }, CancellationToken.None);

    public Task StartAsync(StartManner manner, CancellationToken cancellation) => WithGateAsync(async () =>
    {
        if (_running is not null)
            throw new GuestRunException("the guest runs already", GuestRunFailure.WrongPhase);
        await StartAnewLockedAsync(manner == StartManner.GoOn ? _present.Saved : 0).ConfigureAwait(false);
    }, cancellation);

    public Task StopAsync(TimeSpan patience, CancellationToken cancellation) => WithGateAsync(async () =>
    {
        RunningGuest running = RequireRunning();
        bool isPaused = _condition.Phase == GuestPhase.Paused;
        Show(GuestPhase.Stopping, patience > TimeSpan.Zero ? "its power button was pressed" : null);
        _isExpectedToEnd = true;
        if (patience > TimeSpan.Zero && await TryPressAsync(running, isPaused).ConfigureAwait(false))
            await running.WaitEndedAsync(patience).ConfigureAwait(false);
        await EndAsync(running).ConfigureAwait(false);
        Leave(_present with { Process = null, Saved = 0, Base = 0 });
    }, cancellation);

    public Task PauseAsync(CancellationToken cancellation) => WithGateAsync(async () =>
    {
        RunningGuest running = RequireRunning();
        Keep(_present with { IsPaused = true });
        await running.OrderAsync(GuestOrderKind.Pause).ConfigureAwait(false);
        Show(GuestPhase.Paused);
    }, cancellation);

    public Task ResumeAsync(CancellationToken cancellation) => WithGateAsync(async () =>
    {
        await RequireRunning().OrderAsync(GuestOrderKind.Resume).ConfigureAwait(false);
        Keep(_present with { IsPaused = false });
        Show(GuestPhase.Running);
    }, cancellation);

    public async Task<SavedStateRecord> SaveAsync(SaveRequest request, IProgress<double>? progress, CancellationToken cancellation)
    {
        SavedStateRecord? record = null;
        await WithGateAsync(async () => record = await SaveLockedAsync(request, isCheckpoint: false, progress).ConfigureAwait(false), cancellation).ConfigureAwait(false);
        return record!;
    }

    public Task RestoreAsync(long state, bool keepsPresent, IProgress<double>? progress, CancellationToken cancellation) => WithGateAsync(async () =>
    {
        bool saves = _running is not null && keepsPresent;
        IProgress<double>? looking = saves && progress is not null ? new PartialProgress(progress, 0, 0.5) : progress;
        // What is now is not given up for something that cannot be.
        StateDetails details = _host.States.Require(_guest, state).Details;
        await Task.Run(() => _upkeep.Verify(state, details, _present, looking), CancellationToken.None).ConfigureAwait(false);
        if (_running is { } running)
            await GoBackLockedAsync(running, state, keepsPresent, progress is null ? null : new PartialProgress(progress, 0.5, 1)).ConfigureAwait(false);
        else
            await StartAnewLockedAsync(state).ConfigureAwait(false);
    }, cancellation);

    /// <summary>Gives another guest what this one has: as it is stopped, or as it was in a state.</summary>
    /// <returns>What the other one is then.</returns>
    public async Task<GuestPresent> CloneAsync(int to, long? state, CancellationToken cancellation)
    {
        GuestPresent clone = new();
        await WithGateAsync(() => Task.Run(() => clone = Clone(to, state), CancellationToken.None), cancellation).ConfigureAwait(false);
        return clone;
    }

    /// <summary>Takes what <see cref="CloneAsync"/> of another guest gave.</summary>
    public void Adopt(GuestPresent present) => Leave(present);

    public Task<byte[]?> ScreenshotAsync() => Task.Run(() => _running?.TakePicture() ?? (_present.Saved != 0 ? _host.States.ReadPicture(_present.Saved) : null));

    public Task RemoveAsync(CancellationToken cancellation) => WithGateAsync(() =>
    {
        RequireStopped();
        foreach (SavedStateRecord state in _host.States.Of(_guest))
            _host.States.Delete(state.Id);
        _host.Passts.End(_guest);
        _host.Keep(_guest, null);
        _present = new GuestPresent();
        if (Directory.Exists(_host.Places.FolderOf(_guest)))
            Directory.Delete(_host.Places.FolderOf(_guest), recursive: true);
        return Task.CompletedTask;
    }, cancellation);

    public Task DeleteStateAsync(long state, CancellationToken cancellation) => WithGateAsync(() =>
    {
        (SavedStateRecord record, _) = _host.States.Require(_guest, state);
        if (record.IsPinned)
            throw new GuestRunException("the state is pinned: unpin it before it is given up", GuestRunFailure.WrongPhase);
        if (_present.Saved == state && _running is null)
            throw new GuestRunException("the guest was stopped with this state and would be lost: start it before", GuestRunFailure.WrongPhase);
        if (_running is not null && StatesOfThisRun() is [var only] && only.Id == state)
            throw new GuestRunException("the guest runs and has no other state to come back to: save it again before, or stop it", GuestRunFailure.WrongPhase);
        _host.States.Delete(state);
        Keep(_upkeep.SweepLayers(_present));
        Show(_condition.Phase, _condition.Sentence);
        return Task.CompletedTask;
    }, cancellation);

    public Task PinStateAsync(long state, bool isPinned, CancellationToken cancellation) => WithGateAsync(() =>
    {
        (SavedStateRecord record, StateDetails details) = _host.States.Require(_guest, state);
        _host.States.Pin(record, details, isPinned);
        return Task.CompletedTask;
    }, cancellation);

    /// <summary>Lets go of the guest's process, which runs on.</summary>
    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync().ConfigureAwait(false);
        await (_beat?.Completion ?? Task.CompletedTask).ConfigureAwait(false);
        await _gate.WaitAsync().ConfigureAwait(false);
        _running?.Dispose();
        _running = null;
        await _noting.ConfigureAwait(false);
        _gate.Dispose();
        _ending.Dispose();
    }

    private GuestPhase PhaseAtRest() => _present.HasCrashed ? GuestPhase.Crashed : _present.Saved != 0 ? GuestPhase.Saved : GuestPhase.Stopped;

    private async Task TakeBackLockedAsync()
    {
        // What was noted last may have been followed by another one.
        ProcessHandle? process = ProcessIdentity.TryParse(_present.Process, out ProcessIdentity identity) ? ProcessHandle.TryOpen(identity) : null;
        if (process is null)
            await _launch.EndForgottenAsync().ConfigureAwait(false);
        if (_present.Process is null)
            return;
        RunningGuest? taken = null;
        try
        {
            if (process is not null)
                taken = await _launch.TakeBackAsync(process, _present).ConfigureAwait(false);
        }
        catch (GuestRunException error)
        {
            _host.LogOf(_guest, $"it cannot be taken back, and is brought back: {error.Message}");
        }

        if (taken is not null)
        {
            Attach(taken);
            NoteBehindLocked("guest.taken-back", "the guest ran on while nobody was there, and was taken back");
            await FinishSaveLockedAsync(taken).ConfigureAwait(false);
            return;
        }

        // It was being stopped, and is saved.
        if (_present.Saved != 0)
        {
            Leave(_present with { Process = null });
            return;
        }

        await AnswerCrashAsync(GuestCause.HostFault, "its process ended while nobody was there").ConfigureAwait(false);
    }

    /// <summary>A save that was to stop the guest, and whose supervisor ended in between: stops it where there is a state, and lets it go on where there is none.</summary>
    private async Task FinishSaveLockedAsync(RunningGuest running)
    {
        if (_present.Saved != 0)
        {
            await EndAsync(running).ConfigureAwait(false);
            Leave(_present with { Process = null });
        }
        else if (running.Greeting.IsPaused && !_present.IsPaused)
        {
            await running.OrderAsync(GuestOrderKind.Forget).ConfigureAwait(false);
            await running.OrderAsync(GuestOrderKind.Resume).ConfigureAwait(false);
            Show(GuestPhase.Running);
        }
    }

    /// <summary>
    /// Ends what runs and goes on from a state. It does not count as stopped in between: where this supervisor and the guest end meanwhile, by a power cut, it comes back by itself, from
    /// what was committed last, or from this state.
    /// </summary>
    private async Task GoBackLockedAsync(RunningGuest running, long state, bool keepsPresent, IProgress<double>? progress)
    {
        long otherwise = state;
        if (keepsPresent)
            otherwise = (await SaveLockedAsync(new SaveRequest("before going back", StaysPaused: true), isCheckpoint: false, progress).ConfigureAwait(false)).Id;
        await EndAsync(running).ConfigureAwait(false);
        try
        {
            Keep(_present with { Base = state });
            await StartAnewLockedAsync(state).ConfigureAwait(false);
        }
        catch (Exception error) when (HostFailure.IsOne(error))
        {
            Leave(_present with { Process = null, Saved = otherwise }, HostFailure.Explain(error).Message);
            throw;
        }
    }

    private Task StartAnewLockedAsync(long state)
    {
        _ladder.Forget();
        return StartLockedAsync(state, isAsked: true);
    }

    /// <param name="state">The state it goes on from; 0 to boot.</param>
    /// <param name="isAsked">Somebody wants it, and it does not come back by itself.</param>
    private async Task StartLockedAsync(long state, bool isAsked)
    {
        Show(state == 0 ? GuestPhase.Starting : GuestPhase.Restoring);
        try
        {
            if (isAsked)
                _present = _present with { Started = _host.Clock.GetUtcNow() };
            Attach(await _launch.StartAsync(_present, GivenUpFor(state), state, Keep).ConfigureAwait(false));
        }
        catch (Exception error) when (HostFailure.IsOne(error))
        {
            GuestRunException failure = HostFailure.Explain(error);

            // One that comes back by itself may be tried again.
            if (isAsked)
                Show(PhaseAtRest(), failure.Message);
            throw failure;
        }

        try
        {
            Keep(_upkeep.SweepLayers(_present));
        }
        catch (Exception error) when (HostFailure.IsOne(error))
        {
            _host.LogOf(_guest, $"what it does not need any more could not be taken away: {error.Message}");
        }
    }

    /// <summary>What was written since a state, and is in no other, is kept for a while when the guest goes back to it.</summary>
    private IReadOnlyList<IReadOnlyList<DiskRecord>> GivenUpFor(long state) => state == 0 || state == _present.Saved || _present.Disks.Count == 0
        ? _present.GivenUp
        : [_present.Disks, .. _present.GivenUp.Take(MostGivenUp - 1)];

    private void Attach(RunningGuest running)
    {
        _isExpectedToEnd = false;
        _running = running;
        var interval = TimeSpan.FromSeconds(_host.Require(_guest).Definition.CheckpointSeconds);
        _beat = new Heartbeat(running, _host.Clock, interval, () => _condition.Phase == GuestPhase.Running, () => CheckpointAsync(running), _ending.Token);
        Show(running.Greeting.IsPaused ? GuestPhase.Paused : GuestPhase.Running);
    }

    private async Task<SavedStateRecord> SaveLockedAsync(SaveRequest request, bool isCheckpoint, IProgress<double>? progress)
    {
        RunningGuest running = RequireRunning();
        var saving = new GuestSaving(_host, _guest, _upkeep, running);
        SavedStateRecord record = await saving.RunAsync(_present, request, isCheckpoint, Keep, progress).ConfigureAwait(false);
        if (request.Stops)
        {
            await EndAsync(running).ConfigureAwait(false);
            Leave(_present with { Process = null });
        }
        else
        {
            Show(_condition.Phase, _condition.Sentence);
        }

        return record;
    }

    private GuestPresent Clone(int to, long? state)
    {
        try
        {
            LayerTree tree = _upkeep.TreeOf(_present);
            IReadOnlyList<DiskRecord> shared = _present.Disks;
            long saved = 0;
            if (state is null && _running is not null)
                throw new GuestRunException("the guest runs: `hearth guest clone` with --state clones one of its states, `hearth guest stop` stops it", GuestRunFailure.WrongPhase);
            if ((state ?? _present.Saved) is > 0 and var from)
            {
                (SavedStateRecord record, StateDetails details) = _host.States.Require(_guest, from);
                shared = details.Disks;
                saved = _host.States.Copy(record, details, to).Id;
            }

            _upkeep.Disks.ShareWith(to, shared, tree);
            return new GuestPresent { Disks = shared, Layers = tree.Records, Saved = saved, GivenUp = [shared] };
        }
        catch (Exception error) when (HostFailure.IsOne(error) && error is not GuestRunException)
        {
            throw new GuestRunException($"the guest could not be cloned: {error.Message.TrimEnd('.')}", GuestRunFailure.Host, error);
        }
    }

    /// <summary>What the guest goes on after. By the link's thread; one that says the same all the time does not fill the house's log.</summary>
    private void NoteWhatHappened(GuestReport report)
    {
        DateTimeOffset now = _host.Clock.GetUtcNow();
        if (report.Cause == _lastNote.Cause && now - _lastNote.Time < s_eventPace)
            return;
        _lastNote = (report.Cause, now);
        _host.Note(_guest, $"guest.{report.Cause.ToString().ToLowerInvariant()}", report.Sentence ?? "something happened to the guest");
    }

    /// <summary>Notes something behind what is going on, one thing after the other: who waits for the guest, or for the supervisor, does not wait for a disk that others write to.</summary>
    private void NoteBehindLocked(string kind, string sentence)
    {
        Task before = _noting;
        _noting = Task.Run(async () =>
        {
            await before.ConfigureAwait(false);
            try
            {
                _host.Note(_guest, kind, sentence);
            }
            catch (Exception error) when (HostFailure.IsOne(error))
            {
                _host.LogOf(_guest, $"what happened could not be noted ({sentence}): {error.Message}");
            }
        });
    }

    /// <summary>Its process has ended. By the watcher's thread.</summary>
    private void Ended(RunningGuest running, ProcessEnding? ending) => _ = Task.Run(() => WithGateAsync(async () =>
    {
        if (_running != running)
            return;
        Release(running);
        (GuestCause cause, string sentence) = Explain(running.LastWord, ending);
        if (cause == GuestCause.PowerOff || _isExpectedToEnd)
            Leave(_present with { Process = null, Saved = 0, Base = 0 }, cause == GuestCause.PowerOff ? "the guest switched itself off" : null);
        else
            await AnswerCrashAsync(cause, sentence).ConfigureAwait(false);
    }, CancellationToken.None));

    private static (GuestCause Cause, string Sentence) Explain(GuestReport? word, ProcessEnding? ending)
    {
        if (word is not null)
            return (word.Cause, word.Sentence ?? "the guest ended");
        return ending is { } known
            ? (GuestCause.HostFault, known.Signal != 0 ? $"its process was ended by signal {known.Signal}" : $"its process ended with code {known.ExitCode}")
            : (GuestCause.HostFault, "its process ended");
    }

    private async Task AnswerCrashAsync(GuestCause cause, string sentence)
    {
        using IDisposable share = _host.Share.Raise();
        NoteBehindLocked("guest.crashed", $"the guest ended by itself ({cause}): {sentence}");
        string why = "it has no state of what it was doing";
        while (!_ending.IsCancellationRequested)
        {
            LadderStep step = _ladder.Crashed(StatesOfThisRun());
            if (step.IsOver)
            {
                Leave(_present with { Process = null, Saved = 0, HasCrashed = true }, $"{sentence}; it ended by itself too often and is left alone, with everything kept");
                return;
            }

            try
            {
                await StartPatientlyLockedAsync(step.State ?? 0).ConfigureAwait(false);
                NoteBehindLocked("guest.recovered", step.State is { } state ? $"the guest goes on from its state {state}" : $"the guest boots again: {why}");
                return;
            }
            catch (OperationCanceledException)
            {
                // This supervisor goes; whoever comes next finds the guest without its process, as it was found now.
                return;
            }
            catch (GuestRunException error) when (error.Failure == GuestRunFailure.NoProcess)
            {
                Leave(_present with { Process = null, Saved = step.State ?? 0, HasCrashed = true }, $"{sentence}; it could not be started again: {error.Message}");
                return;
            }
            catch (GuestRunException error)
            {
                why = $"it could not go on from where it was ({error.Message})";
                _host.LogOf(_guest, $"it could not be brought back: {error.Message}");
            }
        }
    }

    /// <summary>A host that has no process to give now may have one in a second; a step of the ladder, which costs what the guest has done since an earlier state, is not taken for that.</summary>
    private async Task StartPatientlyLockedAsync(long state)
    {
        foreach (TimeSpan pause in s_pauses)
        {
            try
            {
                await StartLockedAsync(state, isAsked: false).ConfigureAwait(false);
                return;
            }
            catch (GuestRunException error) when (error.Failure == GuestRunFailure.NoProcess)
            {
                _host.LogOf(_guest, $"it could not be started, and is again in {pause.TotalSeconds} s: {error.Message}");
                Show(_condition.Phase, error.Message);
                await Task.Delay(pause, _ending.Token).ConfigureAwait(false);
            }
        }

        await StartLockedAsync(state, isAsked: false).ConfigureAwait(false);
    }

    /// <summary>A state from before the guest was started last is not what it was doing: what it has written since is worth more.</summary>
    private IReadOnlyList<SavedStateRecord> StatesOfThisRun() =>
        [.. _host.States.Of(_guest).Where(state => state.Taken >= _present.Started || state.Id == _present.Base)];

    private async Task CheckpointAsync(RunningGuest running)
    {
        try
        {
            bool isTaken = false;
            await WithGateAsync(async () => isTaken = await TryCheckpointLockedAsync(running).ConfigureAwait(false), _ending.Token).ConfigureAwait(false);
            if (!isTaken)
                return;

            // Whoever has waited for the guest comes in between.
            await WithGateAsync(() => Task.Run(() => ThinLocked(running), CancellationToken.None), _ending.Token).ConfigureAwait(false);
            await Task.Run(_host.States.SweepInTurn, CancellationToken.None).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // This supervisor goes.
        }
        catch (Exception error) when (HostFailure.IsOne(error))
        {
            _host.LogOf(_guest, $"no checkpoint, or none thinned out: {error.Message}");
        }
    }

    private async Task<bool> TryCheckpointLockedAsync(RunningGuest running)
    {
        if (_running != running || _condition.Phase != GuestPhase.Running)
            return false;
        _ = await SaveLockedAsync(new SaveRequest(), isCheckpoint: true, null).ConfigureAwait(false);
        return true;
    }

    private void ThinLocked(RunningGuest running)
    {
        if (_running == running)
            Keep(_upkeep.Thin(_present, () => Volatile.Read(ref _waiting) > 0));
    }

    private static async Task<bool> TryPressAsync(RunningGuest running, bool isPaused)
    {
        try
        {
            if (isPaused)
                await running.OrderAsync(GuestOrderKind.Resume).ConfigureAwait(false);
            await running.OrderAsync(GuestOrderKind.PressPowerButton).ConfigureAwait(false);
            return true;
        }
        catch (GuestRunException)
        {
            return false;
        }
    }

    /// <summary>Ends the process, where it has not ended yet, and lets go of it.</summary>
    private async Task EndAsync(RunningGuest running)
    {
        _isExpectedToEnd = true;
        if (!running.WaitEnded(TimeSpan.Zero))
        {
            try
            {
                await running.OrderAsync(GuestOrderKind.End).ConfigureAwait(false);
            }
            catch (GuestRunException)
            {
                // By force then.
            }
        }

        if (!await running.WaitEndedAsync(s_silence).ConfigureAwait(false))
        {
            running.Kill();
            await running.WaitEndedAsync(s_silence).ConfigureAwait(false);
        }

        Release(running);
    }

    private void Release(RunningGuest running)
    {
        _beat?.Stop();
        _running = null;
        running.Dispose();
    }

    private RunningGuest RequireRunning() => _running ?? throw new GuestRunException("the guest does not run: `hearth guest start` starts it", GuestRunFailure.WrongPhase);

    private void RequireStopped()
    {
        if (_running is not null)
            throw new GuestRunException("the guest runs: `hearth guest stop` stops it", GuestRunFailure.WrongPhase);
    }

    private void Keep(GuestPresent present)
    {
        _host.Keep(_guest, present);
        _present = present;
    }

    private void Leave(GuestPresent present, string? sentence = null)
    {
        Keep(present);
        if (present.Saved == 0)
            _host.Passts.End(_guest);
        _host.Places.TryRemoveSockets(_guest);
        Show(PhaseAtRest(), sentence);
    }

    private void Show(GuestPhase phase, string? sentence = null)
    {
        GuestCondition before = _condition;
        DateTimeOffset since = before.Phase == phase ? before.Since : _host.Clock.GetUtcNow();
        _condition = new GuestCondition(_guest, phase, since, _running?.Process.Id, _running?.Greeting.Engine, sentence, _host.States.LastOf(_guest));
        _changed(_condition);
    }

    /// <param name="cancellation">Of the waiting: what has begun is done to its end.</param>
    private async Task WithGateAsync(Func<Task> work, CancellationToken cancellation)
    {
        _ = Interlocked.Increment(ref _waiting);
        try
        {
            await _gate.WaitAsync(cancellation).ConfigureAwait(false);
        }
        finally
        {
            _ = Interlocked.Decrement(ref _waiting);
        }

        try
        {
            await work().ConfigureAwait(false);
        }
        catch (Exception error) when (HostFailure.IsOne(error) && error is not GuestRunException)
        {
            throw HostFailure.Explain(error);
        }
        finally
        {
            _gate.Release();
        }
    }
}
