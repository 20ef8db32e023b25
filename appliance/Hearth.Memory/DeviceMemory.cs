using Hearth.Linux;
using Hearth.Machine;

namespace Hearth.Memory;

/// <summary>The memory of a device, in the memory file of guest RAM and behind it; placed by the guest wherever a BAR can lie.</summary>
/// <remarks>
/// It is no RAM: devices do not reach it by <see cref="IGuestMemory"/>, a saved guest has it in its device's state, and code in it is interpreted.
/// Its pages have flags as those of RAM; their <see cref="PageFlags.Dirty"/> is for the device alone.
/// </remarks>
public sealed unsafe class DeviceMemory : IDeviceMemory
{
    // The I/O APIC, HPET and local APICs and the firmware have fixed addresses from here on.
    private const ulong FixedDevices = 0xFEC0_0000;

    private readonly GuestRam _ram;
    private readonly MappedMemory _memory;
    private readonly byte* _start;
    private readonly byte* _flags;

    /// <param name="memory">RAM and what follows it.</param>
    /// <param name="start">Where in that it begins.</param>
    /// <param name="flags">The flags of its first page.</param>
    internal DeviceMemory(GuestRam ram, MappedMemory memory, ulong start, byte* flags, int length)
    {
        _ram = ram;
        _memory = memory;
        _start = memory.Address + start;
        _flags = flags;
        Length = length;
    }

    public int Length { get; }

    /// <summary>Where the guest finds it; null for nowhere.</summary>
    public ulong? Address { get; private set; }

    /// <summary>The first byte in the host's memory.</summary>
    public byte* HostAddress => _start;

    /// <summary>Set by the engine, before the machine runs.</summary>
    public IDeviceMemoryUser? User { get; set; }

    /// <summary>Pages.</summary>
    public int PageCount => Length / GuestRam.PageSize;

    public PageSet NewPageSet() => new(PageCount);

    public void Place(ulong? address)
    {
        ulong? place = address is { } start && start >= GuestRam.LowEnd && start <= FixedDevices - (ulong)Length && start % (ulong)Length == 0 ? start : null;
        if (place == Address)
            return;
        Address = place;
        _ram.SetDevicePlace(place);
        for (int page = 0; page < PageCount; page++)
            MarkWritten(page);
        User?.DeviceMemoryPlaced();
    }

    public void Read(int offset, Span<byte> to)
    {
        Check(offset, to.Length);

        // SAFETY: the range lies in the mapping, which lives as long as the machine.
        new ReadOnlySpan<byte>(_start + offset, to.Length).CopyTo(to);
    }

    public void Write(int offset, ReadOnlySpan<byte> from)
    {
        if (from.IsEmpty)
            return;
        Check(offset, from.Length);

        // SAFETY: as in Read.
        from.CopyTo(new Span<byte>(_start + offset, from.Length));
        for (int page = offset >> GuestRam.PageShift; page <= (offset + from.Length - 1) >> GuestRam.PageShift; page++)
            MarkWritten(page);
    }

    /// <remarks>The host takes its memory back: what a guest does not use takes none.</remarks>
    public void Clear()
    {
        _memory.Discard((nuint)(_start - _memory.Address), (nuint)Length);
        for (int page = 0; page < PageCount; page++)
            MarkWritten(page);
    }

    /// <remarks>The host is asked: to look would make it give memory to every page.</remarks>
    public bool TryFindUsed(ref int page)
    {
        long start = _start - _memory.Address;
        if (page >= PageCount || !_ram.File.TryFindData(start + ((long)page << GuestRam.PageShift), out long found, out _))
            return false;
        page = Math.Max(page, (int)Math.Min((found - start) >> GuestRam.PageShift, PageCount));
        return page < PageCount;
    }

    public byte ReadByte(int offset)
    {
        Check(offset, sizeof(byte));
        return _start[offset];
    }

    public void WriteByte(int offset, byte value)
    {
        Check(offset, sizeof(byte));
        _start[offset] = value;
        MarkWritten(offset >> GuestRam.PageShift);
    }

    public uint ReadUInt32(int offset)
    {
        Check(offset, sizeof(uint));
        return *(uint*)(_start + offset);
    }

    public void WriteUInt32(int offset, uint value)
    {
        Check(offset, sizeof(uint));
        *(uint*)(_start + offset) = value;
        MarkWritten(offset >> GuestRam.PageShift);
    }

    public void TakeWritten(PageSet into)
    {
        ArgumentNullException.ThrowIfNull(into);
        ArgumentOutOfRangeException.ThrowIfNotEqual(into.Length, PageCount);
        for (int page = 0; page < PageCount; page++)
        {
            if ((Volatile.Read(ref _flags[page]) & (byte)PageFlags.Dirty) == 0)
                continue;
            GuestRam.Change(ref _flags[page], PageFlags.None, PageFlags.Dirty);
            into.Add(page);
        }

        User?.TakeDeviceWrites(into);
    }

    private void MarkWritten(int page)
    {
        // The bytes before the flag: whoever takes it reads them.
        Interlocked.MemoryBarrier();
        if ((_flags[page] & (byte)PageFlags.Dirty) == 0)
            GuestRam.Change(ref _flags[page], PageFlags.Dirty, PageFlags.None);
    }

    private void Check(int offset, int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)offset, (uint)Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length - offset);
    }
}
