using Hearth.Cpu;
using Hearth.Machine;
using Hearth.Memory;
using Hearth.Vm.Composition;

namespace Hearth.Vm.Hosting;

/// <summary>What has changed in RAM since the state that the supervisor has: what it is to be sent for the next one.</summary>
/// <remarks>
/// <code>
/// written ──► changed ── Take ──► sent ── Settle ──► forgotten
///                 ▲────────── Forget ──────────┘
/// </code>
/// The tracker begins before anything is written, and memory begins with zeros: from nothing, what has changed is everything.
/// By one thread at a time, without a lock: the thread of a save has it from its start until it asks for the cut, and the machine's thread at the cut and after that save has
/// ended, or was sent. Before it touches this otherwise, it ends the save and joins its thread (<see cref="HostedSave.Dispose"/>). <see cref="Base"/> alone is for any thread.
/// </remarks>
internal sealed class ChangedPages : IDisposable
{
    private readonly GuestRam _ram;
    private readonly IDirtyTracker _tracker;
    private readonly PageSet _changed;
    private readonly PageSet _sent;
    private long _base;

    /// <param name="machine">Nothing was written to its memory but what <paramref name="baseState"/> had.</param>
    /// <param name="baseState">The state that the guest goes on from; 0 for none.</param>
    public ChangedPages(GuestMachine machine, long baseState)
    {
        _ram = machine.Ram;
        _tracker = machine.TrackWrites();
        _changed = _ram.NewPageSet();
        _sent = _ram.NewPageSet();
        _base = baseState;
    }

    /// <summary>The state that what has changed is counted from; 0 for none.</summary>
    public long Base => Volatile.Read(ref _base);

    /// <summary>True where the supervisor counts from another state: it needs all of memory then.</summary>
    public bool NeedsWhole(long baseState) => baseState != _base;

    /// <summary>All of memory counts as changed, but what was never touched.</summary>
    public void AddEverything()
    {
        for (long offset = 0; offset < (long)_ram.Length && _ram.File.TryFindData(offset, out long start, out long end); offset = end)
        {
            for (long page = start / PageSet.PageSize; page < Math.Min(end, (long)_ram.Length) / PageSet.PageSize; page++)
                _changed.Add(page);
        }
    }

    /// <summary>What is to be sent now. Of a machine that runs, what changes meanwhile comes again the next time.</summary>
    public PageSet Take()
    {
        _tracker.Collect(_changed);
        PageSet pages = _ram.NewPageSet();
        _changed.Words.CopyTo(pages.Words);
        Unite(_sent, _changed);
        _changed.Clear();
        return pages;
    }

    /// <summary>What was sent is on stable storage, as a state with this identifier.</summary>
    public void Settle(long state)
    {
        Volatile.Write(ref _base, state);
        _sent.Clear();
    }

    /// <summary>What was sent is lost, or nobody will ever say what has become of it: it is to be sent again.</summary>
    public void Forget()
    {
        Unite(_changed, _sent);
        _sent.Clear();
    }

    public void Dispose() => _tracker.Dispose();

    private static void Unite(PageSet into, PageSet what)
    {
        for (int i = 0; i < into.Words.Length; i++)
            into.Words[i] |= what.Words[i];
    }
}
