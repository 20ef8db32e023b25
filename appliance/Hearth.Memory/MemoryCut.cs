using Hearth.Machine;

namespace Hearth.Memory;

/// <summary>
/// Guest RAM as it was at an instant, while the guest goes on: a page that is about to be written is copied first, unless it has been asked for by then
/// (<see cref="Read"/>). Made by <see cref="GuestRam.Cut"/>.
/// </summary>
/// <remarks>
/// A page's flags say how far it is. Writers are vCPUs and devices on any thread, the reader is one thread:
/// <code>
/// Wanted ── a writer ──► Copying ──► kept in a slot ── Read ──► done
///    └───── Read, if no writer came meanwhile ────────────────► done
/// </code>
/// The reader copies the page while it is still <see cref="PageFlags.Wanted"/> and takes the flag away afterwards: a writer that came in between has changed the flag before it
/// changed the page, and has kept a copy. So neither waits for the other but for the time of one copy. A writer waits longer only when there is no slot left, and then for
/// the reader; <see cref="Abandon"/> ends that.
/// </remarks>
public sealed unsafe class MemoryCut : IDisposable
{
    private const byte Wanted = (byte)PageFlags.Wanted;
    private const byte Copying = (byte)PageFlags.Copying;
    private const int NoSlot = -1;

    private readonly GuestRam _ram;
    private readonly byte* _memory;
    private readonly byte* _flags;
    private readonly CutRoom _room;
    private long _kept;

    // Under _gate.
    private readonly object _gate = new();
    private readonly Stack<int> _free = new();
    private int _used;
    private bool _isAbandoned;
    private bool _isEnded;

    internal MemoryCut(GuestRam ram, byte* memory, byte* flags, PageSet wanted, CutRoom room)
    {
        _ram = ram;
        _memory = memory;
        _flags = flags;
        _room = room;
        Pages = wanted;
        Mark(isWanted: true);
    }

    /// <summary>The pages that can be asked for.</summary>
    public PageSet Pages { get; }

    /// <summary>Pages that were copied because they were about to be written.</summary>
    public long Kept => Volatile.Read(ref _kept);

    /// <summary>Gives a page as it was; after <see cref="Abandon"/>, and while it comes, anything. Each one once, by one thread at a time.</summary>
    /// <param name="page">In <see cref="Pages"/>.</param>
    /// <param name="to">4096 bytes.</param>
    public void Read(long page, Span<byte> to)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(to.Length, GuestRam.PageSize);
        ref byte flags = ref _flags[page];
        if ((Volatile.Read(ref flags) & Wanted) != 0)
        {
            // SAFETY: the page lies in RAM's mapping, which outlives this; what a writer does to it meanwhile is thrown away below.
            new ReadOnlySpan<byte>(_memory + (page * GuestRam.PageSize), GuestRam.PageSize).CopyTo(to);
            if (TryTake(ref flags))
                return;
        }

        WaitWhileCopying(ref flags);
        int slot = Interlocked.Exchange(ref _room.Slots[page], 0) - 1;
        if (slot >= 0)
        {
            _room.Copy(slot).CopyTo(to);
            Release(slot);
        }
        else if (!IsAbandoned())
        {
            throw new InvalidOperationException("the page was not wanted, or was asked for already");
        }
    }

    /// <summary>Copies every page at once, where writers do not ask before. The machine is paused, and there is room for all.</summary>
    public void KeepAll()
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Pages.Count, _room.Count);
        for (long page = 0; Pages.TryFindRun(ref page, Pages.Length, 1, out _); page++)
            Keep(ref _flags[page]);
    }

    /// <summary>No page will be asked for any more: writers need not wait.</summary>
    public void Abandon()
    {
        lock (_gate)
        {
            if (_isAbandoned)
                return;
            _isAbandoned = true;
            Monitor.PulseAll(_gate);
        }

        Mark(isWanted: false);
    }

    public void Dispose()
    {
        if (_isEnded)
            return;
        _isEnded = true;
        Abandon();

        // A writer that was in the middle of a copy is done with it when no page says so any more.
        for (long page = 0; Pages.TryFindRun(ref page, Pages.Length, 1, out _); page++)
            WaitWhileCopying(ref _flags[page]);
        _ram.EndCut();
        lock (_gate)
            _room.Dispose();
    }

    /// <summary>A page is about to be written: keeps a copy if it is still wanted.</summary>
    internal void Keep(ref byte flags)
    {
        int slot = NoSlot;
        while (true)
        {
            byte seen = Volatile.Read(ref flags);
            if ((seen & Copying) != 0)
            {
                Thread.SpinWait(1);
                continue;
            }

            if ((seen & Wanted) == 0)
                break;

            // Before the page is claimed: others spin meanwhile.
            if (slot == NoSlot && !TryTakeSlot(out slot))
                break;
            if (Interlocked.CompareExchange(ref flags, (byte)((seen & ~Wanted) | Copying), seen) != seen)
                continue;
            Keep(ref flags, slot);
            return;
        }

        if (slot != NoSlot)
            Release(slot);
    }

    private void Keep(ref byte flags, int slot)
    {
        long page;
        fixed (byte* at = &flags)
            page = at - _flags;

        // SAFETY: the flags are in the mapping of all pages' flags, so the page lies in RAM's mapping; the slot is this thread's.
        new ReadOnlySpan<byte>(_memory + (page * GuestRam.PageSize), GuestRam.PageSize).CopyTo(_room.Copy(slot));
        Volatile.Write(ref _room.Slots[page], slot + 1);
        _ = Interlocked.Increment(ref _kept);
        TakeAway(ref flags, Copying);
    }

    /// <returns>False when the cut was given up: there is nothing to keep.</returns>
    private bool TryTakeSlot(out int slot)
    {
        lock (_gate)
        {
            while (!_isAbandoned)
            {
                if (_free.TryPop(out slot))
                    return true;
                if (_used < _room.Count)
                {
                    slot = _used++;
                    return true;
                }

                Monitor.Wait(_gate);
            }
        }

        slot = NoSlot;
        return false;
    }

    private void Release(int slot)
    {
        lock (_gate)
        {
            _free.Push(slot);
            Monitor.Pulse(_gate);
        }
    }

    private bool IsAbandoned()
    {
        lock (_gate)
            return _isAbandoned;
    }

    private static bool TryTake(ref byte flags)
    {
        byte seen = Volatile.Read(ref flags);
        while ((seen & Wanted) != 0)
        {
            byte found = Interlocked.CompareExchange(ref flags, (byte)(seen & ~Wanted), seen);
            if (found == seen)
                return true;
            seen = found;
        }

        return false;
    }

    private static void WaitWhileCopying(ref byte flags)
    {
        while ((Volatile.Read(ref flags) & Copying) != 0)
            Thread.SpinWait(1);
    }

    private static void TakeAway(ref byte flags, byte clear)
    {
        byte seen = Volatile.Read(ref flags);
        byte found;
        while ((found = Interlocked.CompareExchange(ref flags, (byte)(seen & ~clear), seen)) != seen)
            seen = found;
    }

    /// <summary>Gives every page of the cut the flag, or takes it from every one: eight at once.</summary>
    private void Mark(bool isWanted)
    {
        const ulong LowBits = 0x0101_0101_0101_0101;

        // SAFETY: the flags take whole pages of the host's memory, so that those of the last word's pages are there, too.
        ulong* flags = (ulong*)_flags;
        foreach (ulong word in Pages.Words)
        {
            for (int shift = 0; shift < 64; shift += sizeof(ulong), flags++)
            {
                ulong bits = (word >> shift) & 0xFF;
                if (bits == 0)
                    continue;

                // Byte n gets bit n, as 0 or 1.
                ulong each = ((((bits * LowBits) & 0x8040_2010_0804_0201) + 0x7F7F_7F7F_7F7F_7F7F) >> 7) & LowBits;
                ulong mask = each * Wanted;
                if (isWanted)
                    Interlocked.Or(ref *flags, mask);
                else
                    Interlocked.And(ref *flags, ~mask);
            }
        }
    }
}
