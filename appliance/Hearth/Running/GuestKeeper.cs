using Hearth.House;
using Hearth.Linux;
using Hearth.Linux.Jail;
using Hearth.Protocol;
using Hearth.Snapshots;
using Hearth.Snapshots.States;
using Hearth.Storage;

namespace Hearth.Running;

/// <summary>Keeps one guest: starts and stops its process, saves it, and brings it back when it ends by itself. What is asked of it is done one thing after the other.</summary>
internal sealed class GuestKeeper : IAsyncDisposable
{
    private static readonly TimeSpan s_start = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_silence = TimeSpan.FromSeconds(10);

    private readonly GuestHost _host;
    private readonly int _guest;
    private readonly Action<GuestCondition> _changed;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly CancellationTokenSource _ending = new();
    private readonly CrashLadder _ladder;
    private readonly GuestUpkeep _upkeep;

    // Under _gate.
    private GuestPresent _present;
    private RunningGuest? _running;
    private Heartbeat? _beat;
    private bool _isExpectedToEnd;
    private volatile GuestCondition _condition;

    public GuestKeeper(GuestHost host, int guest, Action<GuestCondition> changed)
    {
        (_host, _guest, _changed) = (host, guest, changed);
        _present = host.PresentOf(guest);
        _upkeep = new GuestUpkeep(host, guest);
        _ladder = new CrashLadder(host.Clock, host.MostCrashes);
        _condition = new GuestCondition(guest, PhaseAtRest(), host.Clock.GetUtcNow(), LastState: host.States.LastOf(guest));
    }

    public GuestCondition Condition => _condition;

    /// <summary>Takes the guest's process back from a supervisor that is gone; one that has ended meanwhile is answered as if it had ended now.</summary>
    public Task TakeBackAsync() => WithGateAsync(async () =>
    {
        if (!ProcessIdentity.TryParse(_present.Process, out ProcessIdentity identity))
            return;
        if (ProcessHandle.TryOpen(identity) is { } process)
        {
            try
            {
                await AdoptAsync(new StartedGuest(process, [], null), CancellationToken.None).ConfigureAwait(false);
                _host.Note(_guest, "guest.takenBack", "the guest ran on while nobody was there, and was taken back");
                return;
            }
            catch (GuestRunException error)
            {
                _host.Log($"guest {_guest} cannot be taken back: {error.Message}");
                _ = process.TrySignal(Signal.Kill);
                _ = process.WaitEnded(s_silence);
            }
        }

        await AnswerCrashAsync(GuestCause.HostFault, "its process ended while nobody was there").ConfigureAwait(false);
    }, CancellationToken.None);

    public Task StartAsync(StartManner manner, CancellationToken cancellation) => WithGateAsync(async () =>
    {
        if (_running is not null)
            throw new GuestRunException("the guest runs already", GuestRunFailure.WrongPhase);
        _ladder.Forget();
        long state = manner == StartManner.GoOn ? _present.Saved : 0;
        await StartLockedAsync(state, keepsLayers: true, cancellation).ConfigureAwait(false);
    }, cancellation);

    public Task StopAsync(TimeSpan patience, CancellationToken cancellation) => WithGateAsync(async () =>
    {
        RunningGuest running = RequireRunning();
        Show(GuestPhase.Stopping, patience > TimeSpan.Zero ? "its power button was pressed" : null);
        _isExpectedToEnd = true;
        if (patience > TimeSpan.Zero)
        {
            if (_condition.Phase == GuestPhase.Paused)
                await running.OrderAsync(GuestOrderKind.Resume, cancellation).ConfigureAwait(false);
            await running.OrderAsync(GuestOrderKind.PressPowerButton, cancellation).ConfigureAwait(false);
        }

        if (patience <= TimeSpan.Zero || !await WaitEndedAsync(running, patience, cancellation).ConfigureAwait(false))
            await EndAsync(running).ConfigureAwait(false);
        Release(running);
        Leave(_present with { Process = null, Saved = 0, Base = 0 });
    }, cancellation);

    public Task PauseAsync(CancellationToken cancellation) => WithGateAsync(async () =>
    {
        await RequireRunning().OrderAsync(GuestOrderKind.Pause, cancellation).ConfigureAwait(false);
        Show(GuestPhase.Paused);
    }, cancellation);

    public Task ResumeAsync(CancellationToken cancellation) => WithGateAsync(async () =>
    {
        await RequireRunning().OrderAsync(GuestOrderKind.Resume, cancellation).ConfigureAwait(false);
        Show(GuestPhase.Running);
    }, cancellation);

    public async Task<SavedStateRecord> SaveAsync(SaveRequest request, bool isCheckpoint, IProgress<double>? progress, CancellationToken cancellation)
    {
        SavedStateRecord? record = null;
        await WithGateAsync(async () => record = await SaveLockedAsync(request, isCheckpoint, progress, cancellation).ConfigureAwait(false), cancellation).ConfigureAwait(false);
        return record!;
    }

    public Task RestoreAsync(long state, bool keepsPresent, CancellationToken cancellation) => WithGateAsync(async () =>
    {
        _ = _host.States.Require(_guest, state);
        if (_running is { } running)
        {
            // What runs is not given up for something that cannot.
            await Task.Run(() => _host.States.Verify(state), cancellation).ConfigureAwait(false);
            if (keepsPresent)
                _ = await SaveLockedAsync(new SaveRequest("before going back", Stops: true), isCheckpoint: false, null, cancellation).ConfigureAwait(false);
            else
                await EndAsync(running).ConfigureAwait(false);
        }

        _ladder.Forget();
        await StartLockedAsync(state, keepsLayers: false, cancellation).ConfigureAwait(false);
        _host.Note(_guest, "guest.restored", $"the guest went back to its state {state}");
    }, cancellation);

    /// <summary>Gives another guest what this one has: as it is stopped, or as it was in a state.</summary>
    /// <returns>What the other one is then.</returns>
    public async Task<GuestPresent> CloneAsync(int to, long? state, CancellationToken cancellation)
    {
        GuestPresent clone = GuestPresent.None;
        await WithGateAsync(() => Task.Run(() => clone = Clone(to, state), cancellation), cancellation).ConfigureAwait(false);
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
        _host.Keep(_guest, null);
        _present = GuestPresent.None;
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
        _host.States.Delete(state);
        _upkeep.SweepLayers(_present);
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
        _gate.Dispose();
        _ending.Dispose();
    }

    private GuestDefinition Definition => _host.Require(_guest).Definition;

    private GuestPhase PhaseAtRest() => _present.HasCrashed ? GuestPhase.Crashed : _present.Saved != 0 ? GuestPhase.Saved : GuestPhase.Stopped;

    private GuestPresent Clone(int to, long? state)
    {
        try
        {
            long from = state ?? _present.Saved;
            if (state is null)
                RequireStopped();
            IReadOnlyList<int> shared = _present.Layers;
            long saved = 0;
            if (from != 0)
            {
                (SavedStateRecord record, StateDetails details) = _host.States.Require(_guest, from);
                shared = details.Layers;
                saved = _host.States.Copy(record, details, to).Id;
            }
            else if (_present.Layers.Count > 0)
            {
                // What it wrote last becomes both's, and nobody's to write to.
                Keep(_present with { Layers = _host.Layers.Push(_guest, Definition, _present.Layers) });
            }

            _host.Layers.Share(_guest, to, shared);
            return new GuestPresent(_host.Layers.Push(to, Definition, shared), Saved: saved);
        }
        catch (Exception error) when (error is SnapshotException or StorageException or LinuxException or IOException)
        {
            throw new GuestRunException($"the guest could not be cloned: {error.Message.TrimEnd('.')}", GuestRunFailure.Host, error);
        }
    }

    /// <param name="state">The state it goes on from; 0 to boot.</param>
    /// <param name="keepsLayers">It goes on with what it wrote last; otherwise with what the state has.</param>
    private async Task StartLockedAsync(long state, bool keepsLayers, CancellationToken cancellation)
    {
        GuestDefinition definition = Definition;
        Show(state == 0 ? GuestPhase.Starting : GuestPhase.Restoring);
        GuestPresent before = _present;
        try
        {
            byte[]? machine = state == 0 ? null : _host.States.ReadMachine(state);
            IReadOnlyList<int> layers = LayersFor(definition, state, keepsLayers);
            StartedGuest started = _host.Starter.Start(_guest, definition, _host.Layers.Options(_guest, definition, layers), machine is null ? null : (state, machine));
            Keep(new GuestPresent(layers, Saved: 0, started.Process.Identity.ToString(), Base: state));
            await AdoptAsync(started, cancellation).ConfigureAwait(false);
            _upkeep.SweepLayers(_present);
        }
        catch (Exception error) when (error is GuestRunException or StorageException or LinuxException)
        {
            if (_running is { } running)
                await EndAsync(running).ConfigureAwait(false);
            Leave(before with { Process = null }, error.Message);
            throw error as GuestRunException ?? new GuestRunException(error.Message.TrimEnd('.'), GuestRunFailure.Host, error);
        }
    }

    private IReadOnlyList<int> LayersFor(GuestDefinition definition, long state, bool keepsLayers)
    {
        bool isComplete = _present.Layers.Count == definition.Disks.Count;
        if (keepsLayers && isComplete)
            return _present.Layers;
        IReadOnlyList<int> below = state == 0 ? _present.Layers : _host.States.Require(_guest, state).Details.Layers;
        return _host.Layers.Push(_guest, definition, below);
    }

    /// <summary>Makes a process this guest's, and gives it the memory that it lacks.</summary>
    private async Task AdoptAsync(StartedGuest started, CancellationToken cancellation)
    {
        _isExpectedToEnd = false;
        var running = new RunningGuest(started.Process, started.Helpers, _host.Places.ControlSocket(_guest), report => Hear(report), Ended);
        _running = running;
        FileDescriptor? faults = await running.GreetAsync(s_start, cancellation).ConfigureAwait(false);
        RequireSealed(started.Jail);
        _host.Starter.Remember(Definition, running.Greeting.Engine);
        if (running.Greeting.Fill is { } fill)
            await FillAsync(running, fill, faults!, cancellation).ConfigureAwait(false);
        Show(running.Greeting.IsPaused ? GuestPhase.Paused : GuestPhase.Running);
        _host.Note(_guest, "guest.running", $"the guest runs ({running.Greeting.Engine})");
        var interval = TimeSpan.FromSeconds(Definition.CheckpointSeconds);
        _beat = new Heartbeat(running, _host.Clock, interval, () => _condition.Phase == GuestPhase.Running, () => CheckpointAsync(running), _ending.Token);
    }

    /// <summary>It says how it is after it was sealed. What this host cannot do was said when the house was asked how it is.</summary>
    private static void RequireSealed(JailedProcess? jail)
    {
        using (jail)
        {
            if (jail is not null && !jail.WaitSealed(s_start) && jail.Layers.HasFlag(JailLayers.Namespaces))
                throw new GuestRunException("the guest's process could not be shut off from the host");
        }
    }

    private async Task FillAsync(RunningGuest running, FillRequest fill, FileDescriptor descriptor, CancellationToken cancellation)
    {
        SavedStateReader memory = _host.States.OpenMemory(running.Greeting.Base);
        if (fill.IsWaiting)
        {
            using (descriptor)
            using (memory)
                await Task.Run(() => MemoryFile.Fill(descriptor, memory), cancellation).ConfigureAwait(false);
            await running.OrderAsync(GuestOrderKind.Filled, cancellation).ConfigureAwait(false);
            return;
        }

        var workingSet = new WorkingSet(_host.Places.WorkingSetOf(_guest));
        var filler = new MemoryFiller(memory, UserFaults.Of(descriptor), fill.Address, workingSet.Read());
        running.Filler = filler;
        _ = FinishFillingAsync(running, filler, workingSet);
    }

    private static async Task FinishFillingAsync(RunningGuest running, MemoryFiller filler, WorkingSet workingSet)
    {
        try
        {
            await filler.Completion.ConfigureAwait(false);
            await running.OrderAsync(GuestOrderKind.Filled, CancellationToken.None).ConfigureAwait(false);
            filler.Dispose();
            workingSet.Write(filler.Wanted);
        }
        catch (SnapshotException error)
        {
            // Memory that cannot be had: the guest must not go on with something else in its place.
            running.LastWord = new GuestReport(0, GuestReportKind.Ended) { Cause = GuestCause.HostFault, Sentence = error.Message.TrimEnd('.') };
            running.Kill();
        }
        catch (Exception error) when (error is GuestRunException or OperationCanceledException)
        {
            // The process is gone, or this supervisor goes.
        }
    }

    private async Task<SavedStateRecord> SaveLockedAsync(SaveRequest request, bool isCheckpoint, IProgress<double>? progress, CancellationToken cancellation)
    {
        RunningGuest running = RequireRunning();
        var saving = new GuestSaving(_host, _guest, Definition, running);
        SavedStateRecord record = await saving.RunAsync(_present, request, isCheckpoint, Keep, progress, cancellation).ConfigureAwait(false);
        if (request.Stops)
        {
            _isExpectedToEnd = true;
            await EndAsync(running).ConfigureAwait(false);
            Leave(_present with { Process = null });
        }
        else
        {
            Show(_condition.Phase, _condition.Sentence);
        }

        return record;
    }

    /// <summary>What it says by itself. By the link's thread.</summary>
    private void Hear(GuestReport report)
    {
        if (report.Kind == GuestReportKind.Ended && _running is { } running)
            running.LastWord = report;
        else if (report.Kind == GuestReportKind.Happened)
            _host.Note(_guest, $"guest.{report.Cause.ToString().ToLowerInvariant()}", report.Sentence ?? "something happened to the guest");
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
        _host.Note(_guest, "guest.crashed", $"the guest ended by itself ({cause}): {sentence}");
        while (!_ending.IsCancellationRequested)
        {
            LadderStep step = _ladder.Crashed(_host.States.Of(_guest));
            if (step.IsOver)
            {
                Leave(_present with { Process = null, Saved = 0, HasCrashed = true }, $"{sentence}; it ended by itself too often and is left alone, with everything kept");
                _host.Note(_guest, "guest.givenUp", "the guest ended by itself too often and is left alone");
                return;
            }

            try
            {
                await StartLockedAsync(step.State ?? 0, keepsLayers: step.State is null, CancellationToken.None).ConfigureAwait(false);
                _host.Note(_guest, "guest.recovered", step.State is { } state ? $"the guest goes on from its state {state}" : "the guest boots again");
                return;
            }
            catch (GuestRunException error)
            {
                _host.Log($"guest {_guest} could not be brought back: {error.Message}");
            }
        }
    }

    private async Task CheckpointAsync(RunningGuest running)
    {
        try
        {
            await WithGateAsync(() => CheckpointLockedAsync(running), _ending.Token).ConfigureAwait(false);
        }
        catch (GuestRunException error)
        {
            _host.Log($"guest {_guest}: no checkpoint: {error.Message}");
        }
        catch (Exception error) when (error is SnapshotException or StorageException or LinuxException or IOException)
        {
            _host.Log($"guest {_guest}: its checkpoints could not be thinned: {error.Message}");
        }
    }

    private async Task CheckpointLockedAsync(RunningGuest running)
    {
        if (_running != running || _condition.Phase != GuestPhase.Running)
            return;
        _ = await SaveLockedAsync(new SaveRequest(), isCheckpoint: true, null, _ending.Token).ConfigureAwait(false);
        await Task.Run(() => _upkeep.Thin(_present), _ending.Token).ConfigureAwait(false);
    }

    private async Task EndAsync(RunningGuest running)
    {
        _isExpectedToEnd = true;
        try
        {
            await running.OrderAsync(GuestOrderKind.End, CancellationToken.None).ConfigureAwait(false);
        }
        catch (GuestRunException)
        {
            // By force then.
        }

        if (!await WaitEndedAsync(running, s_silence, CancellationToken.None).ConfigureAwait(false))
        {
            running.Kill();
            await WaitEndedAsync(running, s_silence, CancellationToken.None).ConfigureAwait(false);
        }

        Release(running);
    }

    private void Release(RunningGuest running)
    {
        _beat?.Stop();
        _running = null;
        running.Dispose();
    }

    private static Task<bool> WaitEndedAsync(RunningGuest running, TimeSpan limit, CancellationToken cancellation) => Task.Run(() => running.WaitEnded(limit), cancellation);

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
        Show(PhaseAtRest(), sentence);
    }

    private void Show(GuestPhase phase, string? sentence = null)
    {
        GuestCondition before = _condition;
        DateTimeOffset since = before.Phase == phase ? before.Since : _host.Clock.GetUtcNow();
        _condition = new GuestCondition(_guest, phase, since, _running?.Process.Id, _running?.Greeting.Engine, sentence, _host.States.LastOf(_guest));
        _changed(_condition);
    }

    private async Task WithGateAsync(Func<Task> work, CancellationToken cancellation)
    {
        await _gate.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            await work().ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }
    }
}
