using System.Numerics;
using Hearth.Machine;
using Hearth.Memory;

namespace Hearth.Vm.Boot;

/// <summary>
/// Guest RAM while a kernel is laid out in it: what is RAM, what is taken, where the next thing fits. Nothing is ever
/// written outside a range that was reserved or placed before, so a hostile header cannot overwrite what another part relies on.
/// </summary>
internal sealed class BootMemory
{
    public const ulong PageSize = GuestRam.PageSize;

    /// <summary>The first usable byte above the adapters' and the firmware's area.</summary>
    public const ulong HighMemoryStart = 0x10_0000;

    private const ulong ConventionalEnd = 0xA_0000;
    private const ulong FourGiB = 0x1_0000_0000;

    /// <summary>What is copied at a time. Longer arrays would go to the heap for large objects, and stay there for as long as an idle guest allocates nothing.</summary>
    private const ulong PieceLength = 64 << 10;

    /// <summary>Real-mode interrupt vectors and the BIOS data area stay as they are.</summary>
    private static readonly MemoryRange s_biosData = new(0, 0x1000);

    private readonly IGuestMemory _memory;
    private readonly List<MemoryRange> _usable = [];
    private readonly List<MemoryRange> _taken = [s_biosData];

    public BootMemory(IGuestMemory memory, IReadOnlyList<RamSlot> slots)
    {
        _memory = memory;
        foreach (RamSlot slot in slots)
        {
            AddUsable(slot.Start, Math.Min(slot.Start + slot.Length, ConventionalEnd));
            AddUsable(Math.Max(slot.Start, HighMemoryStart), slot.Start + slot.Length);
        }

        _usable.Sort((a, b) => a.Start.CompareTo(b.Start));
        Map = [.. Describe()];
        LowEnd = _usable.Where(range => range.Start < FourGiB).Max(range => range.End);
        Size = slots.Max(slot => slot.Offset + slot.Length);
    }

    /// <summary>The memory map for the kernel, in ascending order.</summary>
    public IReadOnlyList<MemoryMapEntry> Map { get; }

    /// <summary>Where RAM below 4 GiB ends.</summary>
    public ulong LowEnd { get; }

    /// <summary>Bytes the guest was given.</summary>
    public ulong Size { get; }

    /// <summary>Takes exactly this range.</summary>
    /// <returns>False when a byte of it is no RAM or is taken.</returns>
    public bool TryReserve(ulong start, ulong length)
    {
        if (length > Size || start > ulong.MaxValue - length)
            return false;
        var range = new MemoryRange(start, length);
        if (!_usable.Exists(usable => usable.Contains(range)) || _taken.Exists(taken => taken.Overlaps(range)))
            return false;
        _taken.Add(range);
        return true;
    }

    /// <summary>Takes the lowest free range at or above <paramref name="minimum"/> and below 4 GiB.</summary>
    /// <param name="alignment">A power of two.</param>
    public bool TryPlaceLow(ulong length, ulong alignment, ulong minimum, out ulong start)
    {
        IEnumerable<ulong> starts = _usable.Select(range => range.Start).Concat(_taken.Select(range => range.End)).Append(minimum);
        foreach (ulong candidate in starts.Where(at => at < FourGiB).Select(at => AlignUp(Math.Max(at, minimum), alignment)).Order())
        {
            if (length <= FourGiB && candidate + length <= FourGiB && TryReserve(candidate, length))
            {
                start = candidate;
                return true;
            }
        }

        start = 0;
        return false;
    }

    /// <summary>Takes the highest free page-aligned range that ends at or below <paramref name="limit"/>.</summary>
    public bool TryPlaceHigh(ulong length, ulong limit, out ulong start)
    {
        IEnumerable<ulong> ends = _usable.Select(range => range.End).Concat(_taken.Select(range => range.Start)).Append(limit);
        foreach (ulong end in ends.Select(at => Math.Min(at, limit)).Where(at => at >= length).OrderDescending())
        {
            ulong candidate = AlignDown(end - length, PageSize);
            if (TryReserve(candidate, length))
            {
                start = candidate;
                return true;
            }
        }

        start = 0;
        return false;
    }

    /// <summary>Fills a range that was taken before.</summary>
    public void Write(ulong address, ReadOnlySpan<byte> bytes)
    {
        if (!_memory.TryWrite(new GuestAddress(address), bytes))
            throw new MachineException($"guest memory at 0x{address:x} cannot be written");
    }

    /// <summary>Copies a piece of a file into a range that was taken before.</summary>
    public void Copy(BootImage from, ulong offset, ulong length, ulong address)
    {
        var buffer = new byte[Math.Min(length, PieceLength)];
        while (length > 0)
        {
            Span<byte> part = buffer.AsSpan(0, (int)Math.Min(length, (ulong)buffer.Length));
            from.Read(offset, part);
            Write(address, part);
            offset += (ulong)part.Length;
            address += (ulong)part.Length;
            length -= (ulong)part.Length;
        }
    }

    /// <summary>Zeroes a range that was taken before: after a guest reset RAM holds what the last boot left.</summary>
    public void Clear(ulong address, ulong length)
    {
        var zeros = new byte[Math.Min(length, PieceLength)];
        for (ulong done = 0; done < length; done += (ulong)zeros.Length)
            Write(address + done, zeros.AsSpan(0, (int)Math.Min(length - done, (ulong)zeros.Length)));
    }

    public static ulong AlignUp(ulong value, ulong alignment) => (value + alignment - 1) & ~(alignment - 1);

    /// <summary>A size as people say it.</summary>
    public static string Say(ulong bytes) => bytes < 1 << 20
        ? $"{(bytes + 1023) >> 10} KiB"
        : $"{(bytes >> 20) + (BitOperations.TrailingZeroCount(bytes) < 20 ? 1UL : 0)} MiB";

    private static ulong AlignDown(ulong value, ulong alignment) => value & ~(alignment - 1);

    private void AddUsable(ulong start, ulong end)
    {
        if (start < end)
            _usable.Add(new MemoryRange(start, end - start));
    }

    private IEnumerable<MemoryMapEntry> Describe()
    {
        var adapters = new MemoryRange(ConventionalEnd, HighMemoryStart - ConventionalEnd);
        return _usable.Select(range => new MemoryMapEntry(range, MemoryMapEntry.Usable))
            .Append(new MemoryMapEntry(adapters, MemoryMapEntry.Reserved))
            .OrderBy(entry => entry.Range.Start);
    }
}
