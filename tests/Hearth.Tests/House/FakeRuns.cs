using System.Collections.Concurrent;
using Hearth.Running;

namespace Hearth.Tests.House;

/// <summary>Guests without processes: they do at once what they are told, and a test can hold them up or make them fail.</summary>
internal sealed class FakeRuns(TimeProvider clock) : IGuestRuns
{
    private readonly ConcurrentDictionary<int, GuestCondition> _conditions = new();
    private readonly ConcurrentDictionary<int, List<SavedStateRecord>> _states = new();
    private long _lastState;

    public event Action<GuestCondition>? Changed;

    /// <summary>What was asked, in order: <c>start 1</c>.</summary>
    public ConcurrentQueue<string> Asked { get; } = new();

    /// <summary>By verb and guest (<c>save 1</c>): what it waits for.</summary>
    public ConcurrentDictionary<string, Task> Holds { get; } = new();

    /// <summary>By verb and guest: why it fails.</summary>
    public ConcurrentDictionary<string, GuestRunException> Failures { get; } = new();

    /// <summary>What the console of every guest is.</summary>
    public Func<Stream> Console { get; set; } = () => Stream.Null;

    public byte[]? Picture { get; set; }

    public GuestCondition ConditionOf(int guest) => _conditions.GetValueOrDefault(guest) ?? new GuestCondition(guest, GuestPhase.Stopped, clock.GetUtcNow());

    public Task StartAsync(int guest, StartManner manner, CancellationToken cancellation) => DoAsync(manner == StartManner.Boot ? "boot" : "start", guest, GuestPhase.Running);

    public Task StopAsync(int guest, TimeSpan patience, CancellationToken cancellation) => DoAsync(patience == TimeSpan.Zero ? "kill" : "stop", guest, GuestPhase.Stopped);

    public Task PauseAsync(int guest, CancellationToken cancellation) => DoAsync("pause", guest, GuestPhase.Paused);

    public Task ResumeAsync(int guest, CancellationToken cancellation) => DoAsync("resume", guest, GuestPhase.Running);

    public async Task<SavedStateRecord> SaveAsync(int guest, SaveRequest request, IProgress<double>? progress, CancellationToken cancellation)
    {
        progress?.Report(0.25);
        await DoAsync("save", guest, request.Stops ? GuestPhase.Saved : GuestPhase.Running);
        progress?.Report(1);
        SavedStateRecord state = AddState(guest, clock.GetUtcNow(), request.Label, request.IsPinned);
        Set(ConditionOf(guest) with { LastState = state });
        return state;
    }

    public Task RestoreAsync(int guest, long state, bool keepsPresent, IProgress<double>? progress, CancellationToken cancellation)
    {
        progress?.Report(0.5);
        return DoAsync($"restore-{state}{(keepsPresent ? "-keep" : "")}", guest, GuestPhase.Running);
    }

    public IReadOnlyList<SavedStateRecord> StatesOf(int guest) => [.. Enumerable.Reverse(_states.GetValueOrDefault(guest) ?? [])];

    public Task DeleteStateAsync(int guest, long state, CancellationToken cancellation)
    {
        _states[guest].RemoveAll(each => each.Id == state);
        return Task.CompletedTask;
    }

    public Task PinStateAsync(int guest, long state, bool isPinned, CancellationToken cancellation)
    {
        int at = _states[guest].FindIndex(each => each.Id == state);
        _states[guest][at] = _states[guest][at] with { IsPinned = isPinned };
        return Task.CompletedTask;
    }

    public Task<byte[]?> ScreenshotAsync(int guest, CancellationToken cancellation) => Task.FromResult(Picture);

    public byte[]? PictureOf(int guest, long state) => Picture;

    public Task<Stream> OpenConsoleAsync(int guest, CancellationToken cancellation) => Task.FromResult(Console());

    public Task CloneAsync(int from, int to, long? state, CancellationToken cancellation) => DoAsync($"clone-{to}", from, null);

    public Task RemoveAsync(int guest, CancellationToken cancellation) => DoAsync("remove", guest, null);

    public SavedStateRecord AddState(int guest, DateTimeOffset taken, string? label = null, bool isPinned = false)
    {
        var state = new SavedStateRecord(Interlocked.Increment(ref _lastState), guest, taken, label is null, isPinned, label, 1 << 30, 4096, TimeSpan.FromMilliseconds(7));
        _states.GetOrAdd(guest, _ => []).Add(state);
        return state;
    }

    private async Task DoAsync(string verb, int guest, GuestPhase? phase)
    {
        string asked = $"{verb} {guest}";
        Asked.Enqueue(asked);
        if (Holds.TryGetValue(asked, out Task? hold))
            await hold;
        if (Failures.TryGetValue(asked, out GuestRunException? failure))
            throw failure;
        if (phase is { } reached)
            Set(ConditionOf(guest) with { Phase = reached, Since = clock.GetUtcNow() });
    }

    private void Set(GuestCondition condition)
    {
        _conditions[condition.Guest] = condition;
        Changed?.Invoke(condition);
    }
}
