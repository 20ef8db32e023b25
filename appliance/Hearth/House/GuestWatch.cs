using System.Threading.Channels;
using Hearth.Running;
using Hearth.Store;

namespace Hearth.House;

/// <summary>Writes down what guests do. Behind the back of their processes' threads, which wait for no disk.</summary>
internal sealed class GuestWatch : IAsyncDisposable
{
    private readonly HouseStore _store;
    private readonly IGuestRuns _runs;
    private readonly Action<string> _log;
    private readonly Channel<GuestCondition> _conditions = Channel.CreateUnbounded<GuestCondition>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Dictionary<int, GuestCondition> _last = [];
    private readonly Task _writing;

    public GuestWatch(HouseStore store, IGuestRuns runs, Action<string> log)
    {
        _store = store;
        _runs = runs;
        _log = log;
        _writing = Task.Run(WriteAsync);
        runs.Changed += Note;
    }

    /// <summary>Returns when everything is written.</summary>
    public async ValueTask DisposeAsync()
    {
        _runs.Changed -= Note;
        _conditions.Writer.TryComplete();
        await _writing.ConfigureAwait(false);
    }

    private void Note(GuestCondition condition) => _conditions.Writer.TryWrite(condition);

    private async Task WriteAsync()
    {
        await foreach (GuestCondition condition in _conditions.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            try
            {
                Write(condition, _last.GetValueOrDefault(condition.Guest));
            }
            catch (StoreException error)
            {
                _log(error.Message);
            }

            _last[condition.Guest] = condition;
        }
    }

    private void Write(GuestCondition condition, GuestCondition? before)
    {
        string name = _store.Guests.Find(condition.Guest)?.Name ?? $"guest {condition.Guest}";
        if (condition.Phase != before?.Phase)
        {
            string kind = $"guest.{condition.Phase.ToString().ToLowerInvariant()}";
            _store.Events.Add(kind, $"{name} {Say(condition.Phase)}{(condition.Sentence is { } sentence ? $": {sentence}" : "")}", condition.Guest);
        }

        // Checkpoints come every few seconds: written down they would push everything else out.
        if (condition.LastState is { IsCheckpoint: false } state && state.Id != before?.LastState?.Id)
            _store.Events.Add("state.saved", $"{name} was saved{(state.Label is { } label ? $" as {label}" : "")}: state {state.Id}", condition.Guest);
    }

    private static string Say(GuestPhase phase) => phase switch
    {
        GuestPhase.Stopped => "is switched off",
        GuestPhase.Starting => "is starting",
        GuestPhase.Running => "is running",
        GuestPhase.Paused => "is paused",
        GuestPhase.Stopping => "is stopping",
        GuestPhase.Saved => "is saved",
        GuestPhase.Restoring => "is coming back",
        _ => "has crashed",
    };
}
