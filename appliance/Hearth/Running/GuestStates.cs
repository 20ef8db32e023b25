using System.Diagnostics;
using System.Globalization;
using System.Text;
using Hearth.Snapshots;
using Hearth.Snapshots.States;
using Hearth.Store;

namespace Hearth.Running;

/// <summary>
/// The saved states of all guests: their memory in the snapshot store, what people see of them in the house's store. A state is there when the snapshot store has committed it;
/// the records follow it. From any thread.
/// </summary>
internal sealed class GuestStates : IDisposable
{
    private const string MachinePart = "machine";
    private const string PicturePart = "picture";
    private const string DetailsPart = "details";

    /// <summary>How many times as long as a sweep takes nobody sweeps behind it.</summary>
    private const int PauseShare = 9;

    private readonly SnapshotStore _snapshots;
    private readonly HouseStore _store;
    private readonly Lock _sweeping = new();

    /// <summary>There may be something that no state needs. Processes before this one may have left some.</summary>
    private volatile bool _hasLeftovers = true;

    /// <summary>A time stamp. Under <see cref="_sweeping"/>.</summary>
    private long _nextSweep;

    /// <exception cref="GuestRunException">The snapshot store cannot be used.</exception>
    public GuestStates(GuestPlaces places, HouseStore store)
    {
        _store = store;
        try
        {
            _snapshots = SnapshotStore.Open(places.States);
        }
        catch (SnapshotException error)
        {
            throw new GuestRunException(error.Message.TrimEnd('.'), GuestRunFailure.Damaged, error);
        }

        // A disk that is not there looks like this; and what is not there would be swept.
        if (_snapshots.States.Count == 0 && _snapshots.Unreadable.Count == 0 && store.States.All().Count > 0)
        {
            _snapshots.Dispose();
            throw new GuestRunException($"{places.States} is empty, and {store.States.All().Count} saved states should be there: is its disk mounted?", GuestRunFailure.Damaged);
        }

        Reconcile();
    }

    /// <summary>States that are there and cannot be read, and why.</summary>
    public IReadOnlyList<UnreadableState> Unreadable => _snapshots.Unreadable;

    public IReadOnlyList<SavedStateRecord> Of(int guest) => [.. _store.States.Of(guest).Select(state => state.Record)];

    /// <summary>The newest; null where there is none.</summary>
    public SavedStateRecord? LastOf(int guest) => _store.States.Of(guest) is [var last, ..] ? last.Record : null;

    /// <summary>What goes with each state of a guest.</summary>
    public IEnumerable<StateDetails> DetailsOf(int guest) => _store.States.Of(guest).Select(state => Describe(state).Details);

    /// <exception cref="GuestRunException">There is none, or it cannot be read.</exception>
    public (SavedStateRecord Record, StateDetails Details) Require(int guest, long state)
    {
        StoredState? stored = _store.States.Find(state);
        bool isOfAnother = stored is not null && stored.Record.Guest != guest;
        if (!isOfAnother && _snapshots.Unreadable.FirstOrDefault(each => each.Id == state) is { } unreadable)
            throw new GuestRunException($"the saved state {state} cannot be used: {unreadable.Sentence.TrimEnd('.')}; go back to another one of `hearth guest checkpoints`", GuestRunFailure.Damaged);
        if (stored is not null && !isOfAnother)
            return Describe(stored);
        throw new GuestRunException($"the guest has no saved state {state}: `hearth guest checkpoints` lists those it has", GuestRunFailure.NotFound);
    }

    /// <summary>Begins a new state.</summary>
    /// <param name="before">The state that the new one differs from in what is written; 0 for zeros.</param>
    /// <exception cref="SnapshotException">It cannot be begun.</exception>
    public SavedStateWriter Begin(int guest, long pages, long before) => _snapshots.Begin(NameOf(guest), pages, before == 0 ? null : Find(before));

    /// <summary>True where a new state of a guest can count from this one.</summary>
    public bool Has(long state, int guest) => Find(state) is { } there && there.Guest == NameOf(guest);

    /// <summary>Brings a state to stable storage. It is there from then on.</summary>
    /// <param name="picture">A PNG file; null for none.</param>
    /// <exception cref="SnapshotException">The host's file system cannot take it: there is no such state.</exception>
    public SavedStateRecord Commit(SavedStateWriter writer, int guest, byte[] machine, byte[]? picture, StateDetails details, bool isPinned, DateTimeOffset taken)
    {
        writer.Add(MachinePart, machine);
        if (picture is not null)
            writer.Add(PicturePart, picture);
        writer.Add(DetailsPart, Encoding.UTF8.GetBytes(RunningJson.Write(details)));
        SavedState state = writer.Commit(taken);
        SavedStateRecord record = RecordOf(state, guest, details) with { IsPinned = isPinned };
        _store.States.Put(new StoredState(record, RunningJson.Write(details)));
        return record;
    }

    /// <summary>Looks whether a guest can go on from a state, before anything else is given up for it.</summary>
    /// <param name="progress">Told the share that has been looked at; null for nobody.</param>
    /// <exception cref="GuestRunException">It is gone, or damaged.</exception>
    public void Verify(long state, IProgress<double>? progress) => Explain(state, () =>
    {
        _snapshots.Verify(Find(state) ?? throw new SnapshotException($"the state {state} is gone"), progress);
        return true;
    });

    /// <summary>Opens a state's memory.</summary>
    /// <exception cref="GuestRunException">It is gone, or damaged.</exception>
    public SavedStateReader OpenMemory(long state) => Explain(state, () => _snapshots.Read(Find(state) ?? throw new SnapshotException($"the state {state} is gone")));

    /// <summary>Processors and devices of a state.</summary>
    /// <inheritdoc cref="OpenMemory"/>
    public byte[] ReadMachine(long state) => Explain(state, () => ReadPart(state, MachinePart) ?? throw new SnapshotException($"the state {state} lacks its machine"));

    /// <summary>A PNG file; null where there is none, or none that can be read.</summary>
    public byte[]? ReadPicture(long state)
    {
        try
        {
            return ReadPart(state, PicturePart);
        }
        catch (SnapshotException)
        {
            return null;
        }
    }

    /// <summary>Gives another guest a state that this one has. It takes no room but for what is not memory.</summary>
    /// <exception cref="GuestRunException">The state is damaged.</exception>
    /// <exception cref="SnapshotException">The host's file system cannot take it.</exception>
    public SavedStateRecord Copy(SavedStateRecord record, StateDetails details, int to)
    {
        SavedState state = Find(record.Id) ?? throw new SnapshotException($"the state {record.Id} is gone");
        using SavedStateWriter writer = _snapshots.Begin(NameOf(to), state.Pages, state);
        return Commit(writer, to, ReadMachine(record.Id), ReadPicture(record.Id), details with { IsCheckpoint = false }, isPinned: false, record.Taken);
    }

    public void Pin(SavedStateRecord record, StateDetails details, bool isPinned) =>
        _store.States.Put(new StoredState(record with { IsPinned = isPinned }, RunningJson.Write(details)));

    /// <summary>Gives a state up.</summary>
    /// <exception cref="GuestRunException">It is in use, or the host refused.</exception>
    public void Delete(long state)
    {
        // The record first: a state without one explains itself, a house with nothing but records looks as if its disk were missing.
        StoredState? stored = _store.States.Find(state);
        _store.States.Remove(state);
        try
        {
            Explain(state, () =>
            {
                if (Find(state) is { } there)
                    _snapshots.Delete(there);
                return true;
            });
            _hasLeftovers = true;
        }
        catch (GuestRunException) when (stored is not null)
        {
            _store.States.Put(stored);
            throw;
        }
    }

    /// <summary>Gives back the room of what no state needs any more, where there is any, and unless somebody does so or has done so lately: that takes a tenth of the time at most.</summary>
    /// <exception cref="SnapshotException">A state is damaged, or the host refused.</exception>
    public void SweepInTurn()
    {
        if (!_hasLeftovers || !_sweeping.TryEnter())
            return;
        try
        {
            long start = Stopwatch.GetTimestamp();
            if (start < _nextSweep)
                return;
            _hasLeftovers = false;
            bool isDone = false;
            try
            {
                isDone = _snapshots.Sweep();
            }
            finally
            {
                if (!isDone)
                    _hasLeftovers = true;
                long end = Stopwatch.GetTimestamp();
                _nextSweep = end + ((end - start) * PauseShare);
            }
        }
        finally
        {
            _sweeping.Exit();
        }
    }

    public void Dispose() => _snapshots.Dispose();

    private static SavedStateRecord RecordOf(SavedState state, int guest, StateDetails details) => new(
        state.Id, guest, state.Taken, details.IsCheckpoint, IsPinned: false, details.Label, details.Memory, state.NewBytes, TimeSpan.FromMicroseconds(details.PauseMicroseconds));

    private static (SavedStateRecord Record, StateDetails Details) Describe(StoredState stored) =>
        (stored.Record, RunningJson.ReadDetails(stored.Details) ?? new StateDetails([], [], stored.Record.IsCheckpoint, stored.Record.Label, stored.Record.Memory, 0));

    private static string NameOf(int guest) => guest.ToString(CultureInfo.InvariantCulture);

    /// <summary>A cut between the two stores leaves a state without a record, which explains itself; or a record without its state, which means nothing.</summary>
    private void Reconcile()
    {
        HashSet<long> recorded = [.. _store.States.All().Select(state => state.Record.Id)];
        HashSet<long> there = [.. _snapshots.States.Select(state => state.Id), .. _snapshots.Unreadable.Select(state => state.Id)];
        foreach (long lost in recorded.Except(there))
            _store.States.Remove(lost);
        foreach (SavedState state in _snapshots.States.Where(state => !recorded.Contains(state.Id)))
        {
            if (int.TryParse(state.Guest, NumberStyles.None, CultureInfo.InvariantCulture, out int guest) && ReadDetails(state.Id) is { } details)
                _store.States.Put(new StoredState(RecordOf(state, guest, details), RunningJson.Write(details)));
        }
    }

    private StateDetails? ReadDetails(long state)
    {
        try
        {
            return ReadPart(state, DetailsPart) is { } json ? RunningJson.ReadDetails(Encoding.UTF8.GetString(json)) : null;
        }
        catch (SnapshotException)
        {
            return null;
        }
    }

    private SavedState? Find(long state) => _snapshots.Find(state);

    private byte[]? ReadPart(long state, string name)
    {
        if (Find(state) is not { } there)
            return null;
        using SavedStateReader reader = _snapshots.Read(there);
        return reader.Parts.Contains(name) ? reader.ReadPart(name) : null;
    }

    private static T Explain<T>(long state, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (SnapshotException error)
        {
            throw new GuestRunException($"the saved state {state} cannot be used: {error.Message.TrimEnd('.')}", GuestRunFailure.Damaged, error);
        }
    }
}
