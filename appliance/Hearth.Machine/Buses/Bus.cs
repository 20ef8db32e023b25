namespace Hearth.Machine;

/// <summary>
/// An address space and its dispatch: finds the device behind an address and calls it with the offset into its range.
/// </summary>
/// <remarks>
/// Look-up takes no lock: vCPU threads search an immutable array of visible segments that writers replace as a whole. An
/// access that hits no device, or does not lie wholly inside one visible segment, is a master abort: it reads as all ones,
/// writes are lost, both are counted.
/// </remarks>
public sealed class Bus : IAddressSpace
{
    /// <summary>Bytes of the x86 port space.</summary>
    public const ulong PortSpace = 0x1_0000;

    /// <summary>Bytes of the x86 physical memory space (Intel SDM Vol. 3, section 4.1.4: 52 bits at most).</summary>
    public const ulong MemorySpace = 1UL << 52;

    private readonly Lock _lock = new();
    private readonly List<BusMapping> _mappings = [];
    private volatile BusSegment[] _segments = [];
    private ulong _sequence;
    private long _unclaimedReads;
    private long _unclaimedWrites;

    /// <param name="name">Names the space in errors: <c>memory</c>, <c>port</c>.</param>
    /// <param name="length">Bytes of the space.</param>
    public Bus(string name, ulong length)
    {
        Name = name;
        Length = length;
    }

    public string Name { get; }

    /// <summary>Bytes.</summary>
    public ulong Length { get; }

    /// <summary>Reads that no device answered, since creation.</summary>
    public long UnclaimedReads => Interlocked.Read(ref _unclaimedReads);

    /// <summary>Writes that no device took, since creation.</summary>
    public long UnclaimedWrites => Interlocked.Read(ref _unclaimedWrites);

    /// <summary>Reads a register; all ones of the width when no device answers.</summary>
    public ulong Read(ulong address, AccessWidth width)
    {
        ulong mask = ulong.MaxValue >> (64 - ((int)width * 8));
        BusSegment[] segments = _segments;
        int index = Find(segments, address, width);
        if (index < 0)
        {
            Interlocked.Increment(ref _unclaimedReads);
            return mask;
        }

        ref readonly BusSegment segment = ref segments[index];
        return segment.Device.Read(address - segment.Origin, width) & mask;
    }

    /// <summary>Writes a register; lost when no device answers.</summary>
    public void Write(ulong address, AccessWidth width, ulong value)
    {
        ulong mask = ulong.MaxValue >> (64 - ((int)width * 8));
        BusSegment[] segments = _segments;
        int index = Find(segments, address, width);
        if (index < 0)
        {
            Interlocked.Increment(ref _unclaimedWrites);
            return;
        }

        ref readonly BusSegment segment = ref segments[index];
        segment.Device.Write(address - segment.Origin, width, value & mask);
    }

    /// <summary>True when a device answers a byte access at <paramref name="address"/>.</summary>
    public bool IsMapped(ulong address) => Find(_segments, address, AccessWidth.Byte) >= 0;

    public IDisposable Map(AddressRange range, IBusDevice device)
    {
        Validate(range);
        lock (_lock)
        {
            foreach (BusMapping other in _mappings)
            {
                if (!other.IsOverlay && other.Range.Overlaps(range))
                    throw new MachineException($"The {Name} range {range} overlaps {other.Range}, which is mapped already.");
            }

            return AddLocked(new BusMapping(this, range, device, 0, _sequence++, false));
        }
    }

    public IDisposable MapOverlay(AddressRange range, IBusDevice device, int priority)
    {
        Validate(range);
        lock (_lock)
            return AddLocked(new BusMapping(this, range, device, priority, _sequence++, true));
    }

    internal void Remove(BusMapping mapping)
    {
        lock (_lock)
        {
            if (_mappings.Remove(mapping))
                _segments = BusSegment.Flatten(_mappings);
        }
    }

    private BusMapping AddLocked(BusMapping mapping)
    {
        _mappings.Add(mapping);
        _segments = BusSegment.Flatten(_mappings);
        return mapping;
    }

    private void Validate(AddressRange range)
    {
        if (range.Length == 0)
            throw new MachineException($"A device cannot be mapped to an empty range of the {Name} space.");
        if (range.Start >= Length || range.Length > Length - range.Start)
            throw new MachineException($"The range {range} passes the end of the {Name} space.");
    }

    /// <returns>The index of the segment that holds the whole access, or -1.</returns>
    private static int Find(BusSegment[] segments, ulong address, AccessWidth width)
    {
        int low = 0;
        int high = segments.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            ref readonly BusSegment segment = ref segments[middle];
            if (address < segment.First)
                high = middle - 1;
            else if (address > segment.Last)
                low = middle + 1;
            else
                return segment.Last - address >= (ulong)width - 1 ? middle : -1;
        }

        return -1;
    }
}
