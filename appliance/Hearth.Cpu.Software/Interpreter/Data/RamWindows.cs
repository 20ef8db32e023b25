using Hearth.Memory;

namespace Hearth.Cpu.Software;

/// <summary>Finds the host memory behind guest addresses, so that an instruction can work on a page at a time.</summary>
/// <remarks>
/// A window is an offer, never a duty: where none opens (device registers, a fault, a data breakpoint, alignment checks), the
/// caller goes through <see cref="GuestAccess"/> element by element and meets the same fault or device there.
/// </remarks>
internal sealed unsafe class RamWindows
{
    // SAFETY: the state block outlives the interpreter.
    private readonly VcpuState* _state;
    private readonly GuestRam _ram;
    private readonly Mmu _mmu;
    private readonly GuestAccess _access;

    public RamWindows(VcpuState* state, GuestRam ram, Mmu mmu, GuestAccess access)
    {
        _state = state;
        _ram = ram;
        _mmu = mmu;
        _access = access;
    }

    /// <summary>
    /// How many equal elements from an offset on, up or down, lie in one page and do not wrap; 0 when no window may be used.
    /// </summary>
    /// <param name="offset">Of the first element, within the address size.</param>
    public ulong Room(SegmentName segment, ulong offset, in StringOperation operation, ulong count, MemoryAccess access)
    {
        if ((_state->Mode & (uint)ModeFlags.AlignmentCheck) != 0)
            return 0;
        int size = operation.ElementSize;
        if (!_access.TryLinear(segment, offset, size, access, out ulong linear))
        {
            _state->FaultPending = 0;
            return 0;
        }

        ulong inPage = linear & (GuestRam.PageSize - 1);
        ulong lastOffset = operation.AddressMask - (ulong)(size - 1);
        if (inPage + (ulong)size > GuestRam.PageSize || offset > lastOffset)
            return 0;
        ulong toEdge = operation.Descends
            ? Math.Min(inPage, offset) / (ulong)size
            : Math.Min(GuestRam.PageSize - inPage - (ulong)size, lastOffset - offset) / (ulong)size;
        return Math.Min(count, toEdge + 1);
    }

    /// <summary>Opens a range that lies within one page.</summary>
    public bool TryOpen(SegmentName segment, ulong offset, int length, MemoryAccess access, out RamWindow window)
    {
        if (_access.TryLinear(segment, offset, length, access, out ulong linear) && TryOpenLinear(linear, access, out window))
            return true;

        // Whatever fault was found will be found again, at the right element.
        _state->FaultPending = 0;
        window = default;
        return false;
    }

    /// <summary>Opens the page of a linear address whose segmentation checks are done. May leave a fault pending.</summary>
    public bool TryOpenLinear(ulong linear, MemoryAccess access, out RamWindow window)
    {
        int mode = _mmu.CurrentMode;
        byte* host = Lookup(linear, access, mode);
        window = new RamWindow(host, 0, notesWrites: false);
        if (host is not null)
            return true;

        // The walk fills the soft TLB where it may.
        if (!_mmu.TryTranslate(linear, access, mode, out ulong physical))
            return false;
        host = Lookup(linear, access, mode);
        window = new RamWindow(host, 0, notesWrites: false);
        if (host is not null)
            return true;

        bool hasBreakpoints = (_state->DebugRegister[5] & 0xFF) != 0;
        host = access == MemoryAccess.Write ? _ram.WritableAddress(physical) : _ram.HostAddress(physical);
        window = new RamWindow(host, physical, notesWrites: true);
        return host is not null && !hasBreakpoints;
    }

    /// <summary>Tells dirty tracking and the translator about bytes written through a window; called after the write.</summary>
    public void NoteWrite(in RamWindow window, int length)
    {
        if (window.NotesWrites)
            _ram.NoteWrite(window.Physical, length);
    }

    private byte* Lookup(ulong linear, MemoryAccess access, int mode) =>
        access == MemoryAccess.Write ? _mmu.WritePointer(linear, mode) : _mmu.ReadPointer(linear, mode);
}
