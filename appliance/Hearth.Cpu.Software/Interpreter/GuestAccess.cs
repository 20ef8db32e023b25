using Hearth.Memory;

namespace Hearth.Cpu.Software;

/// <summary>Memory accesses that C# makes for the guest: segmentation, paging, page crossing, devices, dirty and code tracking.</summary>
internal sealed unsafe class GuestAccess
{
    private readonly VcpuState* _state;
    private readonly GuestRam _ram;
    private readonly Mmu _mmu;

    public GuestAccess(VcpuState* state, GuestRam ram, Mmu mmu)
    {
        _state = state;
        _ram = ram;
        _mmu = mmu;
    }

    /// <summary>Where accesses go that are not to RAM; set before the first instruction.</summary>
    public IVcpuBus? Bus { get; set; }

    /// <summary>Reads 1, 2, 4 or 8 bytes, zero-extended.</summary>
    /// <returns>False when a fault is pending.</returns>
    public bool TryRead(SegmentName segment, ulong offset, int size, out ulong value)
    {
        value = 0;
        return TryLinear(segment, offset, size, MemoryAccess.Read, out ulong linear) && TryReadSystem(linear, size, out value);
    }

    /// <summary>Writes 1, 2, 4 or 8 bytes; nothing is written when a fault is pending.</summary>
    /// <returns>False when a fault is pending.</returns>
    public bool TryWrite(SegmentName segment, ulong offset, int size, ulong value) =>
        TryLinear(segment, offset, size, MemoryAccess.Write, out ulong linear) && TryWriteSystem(linear, size, value);

    public bool TryReadBytes(SegmentName segment, ulong offset, Span<byte> to) =>
        TryLinear(segment, offset, to.Length, MemoryAccess.Read, out _);

    /// <summary>Writes all bytes, or none when a fault is pending.</summary>
    public bool TryWriteBytes(SegmentName segment, ulong offset, ReadOnlySpan<byte> from) =>
        TryLinear(segment, offset, from.Length, MemoryAccess.Write, out _);

    /// <summary>All checks of a write; nothing is written.</summary>
    public bool TryProbeWrite(SegmentName segment, ulong offset, int size) =>
        TryLinear(segment, offset, size, MemoryAccess.Write, out _);

    /// <summary>Segmentation only: type, limit, canonical form.</summary>
    /// <returns>False when #GP or #SS is pending.</returns>
    public bool TryLinear(SegmentName segment, ulong offset, int size, MemoryAccess access, out ulong linear)
    {
        linear = offset + _state->SegmentBase[(int)segment];
        return size > 0 && _mmu.TryTranslate(linear, access, out _);
    }

    /// <summary>An implicit supervisor read of 1, 2, 4 or 8 bytes: descriptor tables, task-state segments.</summary>
    public bool TryReadSystem(ulong linear, int size, out ulong value)
    {
        value = 0;
        return size > 0 && _ram.HostAddress(linear) is not null;
    }

    /// <inheritdoc cref="TryReadSystem"/>
    public bool TryWriteSystem(ulong linear, int size, ulong value) => size > 0 && value == 0 && _ram.HostAddress(linear) is not null;

    /// <summary>Instruction bytes at CS:RIP, up to 15 or <paramref name="to"/>'s length; ends quietly before a byte that faults, unless it is the first.</summary>
    /// <returns>False when a fault is pending for the first byte.</returns>
    public bool TryFetch(Span<byte> to, out int length)
    {
        length = 0;
        return to.Length > 0 && _ram.HostAddress(_state->Rip) is not null;
    }
}
