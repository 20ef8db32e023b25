using Hearth.Linux;

namespace Hearth.Memory;

/// <summary>
/// Where a <see cref="MemoryCut"/> keeps its copies. Made before the guest stands still: what the host may refuse is refused then, and the cut itself cannot fail. Takes room only where
/// pages are kept.
/// </summary>
public sealed unsafe class CutRoom : IDisposable
{
    /// <summary>For each page of RAM the slot of its copy, plus one.</summary>
    private readonly MappedMemory _slots;
    private readonly MappedMemory _copies;

    internal CutRoom(long pages, int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        Pages = pages;
        Count = count;
        _slots = MappedMemory.Anonymous((nuint)(pages * sizeof(int)));
        try
        {
            _copies = MappedMemory.Anonymous((nuint)count * GuestRam.PageSize);
        }
        catch
        {
            _slots.Dispose();
            throw;
        }
    }

    /// <summary>Copies that there is room for.</summary>
    public int Count { get; }

    /// <summary>Pages of the RAM that it is for.</summary>
    internal long Pages { get; }

    internal int* Slots => (int*)_slots.Address;

    // SAFETY: there are as many slots as the mapping has pages.
    internal Span<byte> Copy(int slot) => new(_copies.Address + ((long)slot * GuestRam.PageSize), GuestRam.PageSize);

    public void Dispose()
    {
        _copies.Dispose();
        _slots.Dispose();
    }
}
