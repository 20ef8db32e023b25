using System.Runtime.CompilerServices;
using Hearth.Machine;
using Hearth.Memory;

namespace Hearth.Cpu.Software;

/// <summary>Memory accesses that C# makes for the guest: segmentation, paging, page crossing, devices, dirty and code tracking.</summary>
/// <remarks>A method that returns false has left a fault pending in <see cref="VcpuState"/> and changed no memory.</remarks>
internal sealed unsafe class GuestAccess
{
    private const ulong PageOffset = GuestRam.PageSize - 1;

    private readonly VcpuState* _state;
    private readonly GuestRam _ram;
    private readonly Mmu _mmu;
    private readonly DebugEvents _debug;
    private readonly Segmentation _segmentation;

    public GuestAccess(VcpuState* state, GuestRam ram, Mmu mmu, DebugEvents debug)
    {
        _state = state;
        _ram = ram;
        _mmu = mmu;
        _debug = debug;
        _segmentation = new Segmentation(state);
    }

    /// <summary>Where accesses go that are not to RAM; without a bus they read as ones and writes are lost.</summary>
    public IVcpuBus? Bus { get; set; }

    /// <summary>Reads 1, 2, 4 or 8 bytes, zero-extended.</summary>
    public bool TryRead(SegmentName segment, ulong offset, int size, out ulong value)
    {
        value = 0;
        return TryLinear(segment, offset, size, MemoryAccess.Read, out ulong linear) &&
            IsAligned(linear, size) && TryReadLinear(linear, size, out value);
    }

    /// <summary>Writes the low 1, 2, 4 or 8 bytes of a value.</summary>
    public bool TryWrite(SegmentName segment, ulong offset, int size, ulong value) =>
        TryLinear(segment, offset, size, MemoryAccess.Write, out ulong linear) &&
        IsAligned(linear, size) && TryWriteLinear(linear, size, value);

    /// <summary>Reads any number of bytes below 4 KiB; no alignment is asked for.</summary>
    public bool TryReadBytes(SegmentName segment, ulong offset, Span<byte> to)
    {
        if (!TryLinear(segment, offset, to.Length, MemoryAccess.Read, out ulong linear) ||
            !TryPages(linear, to.Length, MemoryAccess.Read, out ulong first, out ulong second))
        {
            return false;
        }

        _debug.NoteData(linear, to.Length, write: false);
        int head = Math.Min(to.Length, (int)(GuestRam.PageSize - (linear & PageOffset)));
        ReadPhysical(first, to[..head]);
        ReadPhysical(second, to[head..]);
        return true;
    }

    /// <summary>Writes any number of bytes below 4 KiB, all or none; no alignment is asked for.</summary>
    public bool TryWriteBytes(SegmentName segment, ulong offset, ReadOnlySpan<byte> from)
    {
        if (!TryLinear(segment, offset, from.Length, MemoryAccess.Write, out ulong linear) ||
            !TryPages(linear, from.Length, MemoryAccess.Write, out ulong first, out ulong second))
        {
            return false;
        }

        _debug.NoteData(linear, from.Length, write: true);
        int head = Math.Min(from.Length, (int)(GuestRam.PageSize - (linear & PageOffset)));
        WritePhysical(first, from[..head]);
        WritePhysical(second, from[head..]);
        return true;
    }

    /// <summary>All checks of a write; nothing is written.</summary>
    public bool TryProbeWrite(SegmentName segment, ulong offset, int size) =>
        TryLinear(segment, offset, size, MemoryAccess.Write, out ulong linear) &&
        IsAligned(linear, size) && TryPages(linear, size, MemoryAccess.Write, out _, out _);

    /// <summary>Segmentation only: type, limit, canonical form.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryLinear(SegmentName segment, ulong offset, int size, MemoryAccess access, out ulong linear) =>
        _segmentation.TryLinear(segment, offset, size, access, out linear);

    /// <summary>Reads 1, 2, 4 or 8 bytes at a linear address with the rights of the running code.</summary>
    public bool TryReadLinear(ulong linear, int size, out ulong value)
    {
        byte* host = _mmu.ReadPointer(linear, _mmu.CurrentMode);
        if (host is not null && (linear & PageOffset) + (ulong)size <= GuestRam.PageSize)
        {
            value = Load(host, size);
            return true;
        }

        value = 0;
        if (!TryPages(linear, size, MemoryAccess.Read, out ulong first, out ulong second))
            return false;
        _debug.NoteData(linear, size, write: false);
        value = ReadParts(linear, size, first, second);
        return true;
    }

    /// <summary>Writes 1, 2, 4 or 8 bytes at a linear address with the rights of the running code.</summary>
    public bool TryWriteLinear(ulong linear, int size, ulong value)
    {
        byte* host = _mmu.WritePointer(linear, _mmu.CurrentMode);
        if (host is not null && (linear & PageOffset) + (ulong)size <= GuestRam.PageSize)
        {
            Store(host, size, value);
            return true;
        }

        if (!TryPages(linear, size, MemoryAccess.Write, out ulong first, out ulong second))
            return false;
        _debug.NoteData(linear, size, write: true);
        WriteParts(linear, size, first, second, value);
        return true;
    }

    /// <summary>An implicit supervisor read of 1, 2, 4 or 8 bytes: descriptor tables, task-state segments.</summary>
    public bool TryReadSystem(ulong linear, int size, out ulong value) => TryReadAs(linear, size, _mmu.SystemMode, out value);

    /// <summary>An implicit supervisor write of 1, 2, 4 or 8 bytes.</summary>
    public bool TryWriteSystem(ulong linear, int size, ulong value) => TryWriteAs(linear, size, _mmu.SystemMode, value);

    /// <summary>The checks of an implicit supervisor access of up to 4 KiB, without touching memory.</summary>
    public bool TryProbeSystem(ulong linear, int size, MemoryAccess access) =>
        TryPagesAs(linear, size, access, _mmu.SystemMode, out _, out _);

    /// <summary>Reads with the rights of another privilege level than the running code's: a stack that is being switched to.</summary>
    /// <param name="tlbMode">A <see cref="TlbMode"/>.</param>
    public bool TryReadAs(ulong linear, int size, int tlbMode, out ulong value)
    {
        byte* host = _mmu.ReadPointer(linear, tlbMode);
        if (host is not null && (linear & PageOffset) + (ulong)size <= GuestRam.PageSize)
        {
            value = Load(host, size);
            return true;
        }

        value = 0;
        if (!TryPagesAs(linear, size, MemoryAccess.Read, tlbMode, out ulong first, out ulong second))
            return false;
        _debug.NoteData(linear, size, write: false);
        value = ReadParts(linear, size, first, second);
        return true;
    }

    /// <inheritdoc cref="TryReadAs"/>
    public bool TryWriteAs(ulong linear, int size, int tlbMode, ulong value)
    {
        byte* host = _mmu.WritePointer(linear, tlbMode);
        if (host is not null && (linear & PageOffset) + (ulong)size <= GuestRam.PageSize)
        {
            Store(host, size, value);
            return true;
        }

        if (!TryPagesAs(linear, size, MemoryAccess.Write, tlbMode, out ulong first, out ulong second))
            return false;
        _debug.NoteData(linear, size, write: true);
        WriteParts(linear, size, first, second, value);
        return true;
    }

    /// <summary>Instruction bytes at CS:RIP; ends quietly before a byte that faults, unless it is the first.</summary>
    /// <param name="to">Room for up to 15 bytes.</param>
    public bool TryFetch(Span<byte> to, out int length)
    {
        length = 0;
        if (!_segmentation.TryFetch(_state->Rip, out ulong linear, out int available) ||
            !_mmu.TryTranslate(linear, MemoryAccess.Execute, out ulong physical))
        {
            return false;
        }

        length = Math.Min(Math.Min(to.Length, 15), available);
        int head = Math.Min(length, (int)(GuestRam.PageSize - (linear & PageOffset)));
        ReadPhysical(physical, to[..head]);
        if (head == length)
            return true;
        if (!_mmu.TryTranslate(_segmentation.Wrap(linear + (ulong)head), MemoryAccess.Execute, out physical))
        {
            _state->FaultPending = 0;
            length = head;
            return true;
        }

        ReadPhysical(physical, to[head..length]);
        return true;
    }

    /// <summary>
    /// Raises what the fetch of the instruction byte <paramref name="index"/> past CS:RIP raises, after a decoder found
    /// <see cref="TryFetch"/>'s bytes too few.
    /// </summary>
    public StepResult RaiseFetchFault(int index)
    {
        bool fetchable = index < 15 && _segmentation.TryFetch(_state->Rip + (ulong)index, out ulong linear, out _) &&
            _mmu.TryTranslate(linear, MemoryAccess.Execute, out _);

        // The byte is there after all: the instruction is longer than 15 bytes, or the page was mapped meanwhile.
        if (fetchable || index >= 15)
            PendingFault.GeneralProtection(_state);
        return StepResult.Fault;
    }

    /// <summary>Translates both pages of an access of the running code; the second is unset when there is only one.</summary>
    private bool TryPages(ulong linear, int size, MemoryAccess access, out ulong first, out ulong second)
    {
        second = 0;
        if (!_mmu.TryTranslate(linear, access, out first))
            return false;
        return (linear & PageOffset) + (ulong)size <= GuestRam.PageSize ||
            _mmu.TryTranslate(_segmentation.Wrap((linear | PageOffset) + 1), access, out second);
    }

    private bool TryPagesAs(ulong linear, int size, MemoryAccess access, int tlbMode, out ulong first, out ulong second)
    {
        second = 0;
        if (!_mmu.TryTranslate(linear, access, tlbMode, out first))
            return false;
        if ((linear & PageOffset) + (ulong)size <= GuestRam.PageSize)
            return true;

        // What the processor reads for itself has 64-bit addresses in compatibility mode, too.
        ulong next = (linear | PageOffset) + 1;
        bool wide = (_state->Efer & ControlRegister.EferLongModeActive) != 0;
        return _mmu.TryTranslate(wide ? next : (uint)next, access, tlbMode, out second);
    }

    private ulong ReadParts(ulong linear, int size, ulong first, ulong second)
    {
        int head = (int)Math.Min((ulong)size, GuestRam.PageSize - (linear & PageOffset));
        if (head == size)
            return ReadPhysical(first, size);
        ulong bytes = 0;
        var span = new Span<byte>(&bytes, size);
        ReadPhysical(first, span[..head]);
        ReadPhysical(second, span[head..]);
        return bytes;
    }

    private void WriteParts(ulong linear, int size, ulong first, ulong second, ulong value)
    {
        int head = (int)Math.Min((ulong)size, GuestRam.PageSize - (linear & PageOffset));
        if (head == size)
        {
            WritePhysical(first, size, value);
            return;
        }

        var span = new ReadOnlySpan<byte>(&value, size);
        WritePhysical(first, span[..head]);
        WritePhysical(second, span[head..]);
    }

    private ulong ReadPhysical(ulong physical, int size)
    {
        byte* host = _ram.HostAddress(physical);
        if (host is not null)
            return Load(host, size);
        return Bus?.ReadMemory(physical, (AccessWidth)size) ?? ulong.MaxValue >> (64 - (size * 8));
    }

    private void WritePhysical(ulong physical, int size, ulong value)
    {
        byte* host = _ram.WritableAddress(physical);
        if (host is null)
        {
            Bus?.WriteMemory(physical, (AccessWidth)size, value & OperandAccess.Mask(size));
            return;
        }

        Store(host, size, value);
        _ram.NoteWrite(physical, size);
    }

    /// <summary>Reads bytes within one page; device registers byte by byte, as no width is right for all.</summary>
    private void ReadPhysical(ulong physical, Span<byte> to)
    {
        if (to.IsEmpty)
            return;
        byte* host = _ram.HostAddress(physical);
        if (host is not null)
        {
            new ReadOnlySpan<byte>(host, to.Length).CopyTo(to);
            return;
        }

        for (int i = 0; i < to.Length; i++)
            to[i] = (byte)ReadPhysical(physical + (ulong)i, 1);
    }

    private void WritePhysical(ulong physical, ReadOnlySpan<byte> from)
    {
        if (from.IsEmpty)
            return;
        byte* host = _ram.WritableAddress(physical);
        if (host is not null)
        {
            from.CopyTo(new Span<byte>(host, from.Length));
            _ram.NoteWrite(physical, from.Length);
            return;
        }

        for (int i = 0; i < from.Length; i++)
            WritePhysical(physical + (ulong)i, 1, from[i]);
    }

    /// <summary>#AC: only at CPL 3 with CR0.AM and RFLAGS.AC, and only for sizes that have a natural alignment.</summary>
    public bool IsAligned(ulong linear, int size)
    {
        if ((_state->Mode & (uint)ModeFlags.AlignmentCheck) == 0 || (linear & (ulong)(size - 1)) == 0)
            return true;
        PendingFault.Set(_state, ExceptionVector.AlignmentCheck, 0);
        return false;
    }

    // SAFETY (Load, Store): the callers pass pointers of GuestRam or the soft TLB for an access within one page.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Load(byte* host, int size) => size switch
    {
        1 => *host,
        2 => *(ushort*)host,
        4 => *(uint*)host,
        _ => *(ulong*)host,
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(byte* host, int size, ulong value)
    {
        switch (size)
        {
            case 1:
                *host = (byte)value;
                break;
            case 2:
                *(ushort*)host = (ushort)value;
                break;
            case 4:
                *(uint*)host = (uint)value;
                break;
            default:
                *(ulong*)host = value;
                break;
        }
    }
}
