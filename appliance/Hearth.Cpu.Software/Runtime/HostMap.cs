using Hearth.Linux;

namespace Hearth.Cpu.Software;

/// <summary>
/// Which guest instruction a host address belongs to, for those that may fault there (<see cref="InstructionClassifier.MayFaultOnHost"/>): entries in the order of host addresses.
/// </summary>
internal sealed unsafe class HostMap : IDisposable
{
    private readonly MappedMemory _memory;
    private readonly int _capacity;
    private int _count;

    public HostMap(int capacity)
    {
        _capacity = capacity;
        _memory = MappedMemory.Anonymous((nuint)capacity * (nuint)sizeof(Entry));
    }

    public long Length => (long)_memory.Length;

    public long BytesUsed => (long)_count * sizeof(Entry);

    public bool HasRoom(int entries) => _capacity - _count >= entries;

    /// <remarks>The count comes last: other vCPUs look things up meanwhile.</remarks>
    public void Add(uint hostOffset, int guestOffset)
    {
        Entries[_count] = new Entry(hostOffset, guestOffset);
        Volatile.Write(ref _count, _count + 1);
    }

    /// <summary>The entries of a range of host offsets, for another place: see <see cref="KeptBlock.Map"/>.</summary>
    public void CopyTo(List<uint> to, uint start, uint end)
    {
        for (int i = IndexOf(start); i < _count && Entries[i].HostOffset < end; i++)
        {
            if (Entries[i].HostOffset >= start)
                to.Add((ushort)(Entries[i].HostOffset - start) | ((uint)Entries[i].GuestOffset << 16));
        }
    }

    public void Clear() => _count = 0;

    /// <summary>The page offset of the guest instruction whose code, which has faulted, holds a host offset.</summary>
    public int Find(uint hostOffset) => Entries[IndexOf(hostOffset)].GuestOffset;

    private int IndexOf(uint hostOffset)
    {
        int low = 0;
        int high = Volatile.Read(ref _count) - 1;
        while (low < high)
        {
            int middle = (low + high + 1) >> 1;
            if (Entries[middle].HostOffset <= hostOffset)
                low = middle;
            else
                high = middle - 1;
        }

        return low;
    }

    public void Dispose() => _memory.Dispose();

    private Entry* Entries => (Entry*)_memory.Address;

    private readonly record struct Entry(uint HostOffset, int GuestOffset);
}
