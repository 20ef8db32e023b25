using Hearth.Memory;

namespace Hearth.Cpu.Software;

/// <summary>Accesses that missed the soft TLB.</summary>
/// <remarks>
/// Most fill an entry and go on. Device registers, page crossings, pages with translated code under the very bytes and watched
/// pages cannot be accessed by generated code: there the instruction runs on <see cref="VcpuState.Bounce"/>, filled before
/// and written to memory after.
/// </remarks>
internal sealed unsafe class SlowPath
{
    private const ulong PageOffset = GuestRam.PageSize - 1;

    /// <summary>The jump and the dword between the return address of a slow call and the bounced copy of the instruction.</summary>
    private const ulong BounceSkip = CodeStubs.DetailOffset + sizeof(uint);

    private readonly VcpuState* _state;
    private readonly GuestRam _ram;
    private readonly Mmu _mmu;
    private readonly GuestAccess _access;
    private readonly TranslationStore _store;
    private ulong _bounceLinear;
    private int _bounceSize;
    private bool _bounceHitsCode;

    public SlowPath(VcpuState* state, GuestRam ram, Mmu mmu, GuestAccess access, TranslationStore store)
    {
        _state = state;
        _ram = ram;
        _mmu = mmu;
        _access = access;
        _store = store;
    }

    /// <summary>True while no other vCPU runs.</summary>
    public bool IsExclusive { get; set; }

    /// <summary>True while one instruction runs by itself, so that breakpoints it hits are found at its end.</summary>
    public bool IsStepping { get; set; }

    /// <summary>The bounced write is an x87 store, which an unmasked exception keeps from happening.</summary>
    public bool MayStoreNothing { get; private set; }

    /// <summary>Serves the miss that <see cref="ExitReason.Slow"/> announced; RIP is at the instruction.</summary>
    public AccessOutcome Serve(AccessDetail detail)
    {
        if (!TryLinear(detail, out ulong linear))
            return AccessOutcome.Fault;
        bool crosses = (linear & PageOffset) + (ulong)detail.Size > GuestRam.PageSize;
        if (crosses)
            return BounceMemory(detail, linear);

        MemoryAccess kind = detail.IsWrite ? MemoryAccess.Write : MemoryAccess.Read;
        int tlbMode = TlbMode.Of((ModeFlags)_state->Mode);
        bool filled = _mmu.TryFill(linear, kind, tlbMode);
        if (_state->FaultPending != 0)
            return AccessOutcome.Fault;
        if (!_mmu.TryTranslate(linear, kind, tlbMode, out ulong physical))
            return AccessOutcome.Fault;
        byte* host = detail.IsWrite ? _ram.WritableAddress(physical) : _ram.HostAddress(physical);
        if (host is null)
            return Bounce(detail, linear);
        if (!filled || (detail.IsWrite && HasCode(physical, detail.Size)))
            return BounceMemory(detail, linear);
        _state->AccessAddend = (ulong)host - _state->AccessAddress;
        return AccessOutcome.Resume;
    }

    /// <summary>Writes what a bounced instruction left in the buffer (<see cref="ExitReason.Commit"/>).</summary>
    /// <param name="nextOffset">The page offset of the next instruction, or -1 when the rest of this one must still run.</param>
    public AccessOutcome Commit(int nextOffset)
    {
        byte* from = _state->Bounce + (_bounceLinear & 63);
        for (int done = 0; done < _bounceSize;)
        {
            int part = Part(_bounceSize - done);

            // The rights were checked before the instruction ran.
            _ = _access.TryWriteLinear(Wrap(_bounceLinear + (ulong)done), part, Load(from + done, part));
            done += part;
        }

        // Unless another vCPU took the page of a device away meanwhile: then the write is lost, and no fault may stay behind.
        _state->FaultPending = 0;

        if (!_bounceHitsCode || nextOffset < 0)
            return AccessOutcome.Resume;

        // What follows in this block may just have been overwritten.
        _state->Rip = Wrap(_state->PageRip + (ulong)nextOffset);
        return AccessOutcome.Leave;
    }

    private bool TryLinear(AccessDetail detail, out ulong linear)
    {
        linear = _state->AccessAddress;
        MemoryAccess kind = detail.IsWrite ? MemoryAccess.Write : MemoryAccess.Read;

        // Neither the segment's limit nor the canonical form is looked at first: the fault is #GP on the stack, too.
        ulong segmentBase = detail.IsChecked ? _state->SegmentBase[(int)detail.Segment] : 0;
        if (!IsAligned(detail, segmentBase + linear))
            return false;
        if (detail.IsChecked)
        {
            if (!_access.TryLinear(detail.Segment, _state->AccessAddress, detail.Size, kind, out linear))
                return false;
            if ((_state->Mode & (uint)ModeFlags.AlignmentCheck) == 0 || (linear & (ulong)(AlignmentOf(detail.Size) - 1)) == 0)
                return true;
            PendingFault.Set(_state, ExceptionVector.AlignmentCheck, 0);
            return false;
        }

        ulong last = linear + (ulong)detail.Size - 1;
        bool allowed = (_state->Mode & (uint)ModeFlags.Long) != 0 ? IsCanonical(linear) && IsCanonical(last) : !PassesLimit(detail, linear);
        if (allowed)
            return true;
        PendingFault.Set(_state, detail.Segment == SegmentName.SS ? ExceptionVector.StackFault : ExceptionVector.GeneralProtection, 0);
        return false;
    }

    /// <summary>A segment of 4 GiB ends there: an access does not wrap around (Intel SDM Vol. 3, section 5.3).</summary>
    private bool PassesLimit(AccessDetail detail, ulong linear)
    {
        ulong offset = (uint)(linear - _state->SegmentBase[(int)detail.Segment]);
        return offset + (ulong)detail.Size - 1 > uint.MaxValue;
    }

    /// <summary>The #GP of a misaligned vector comes before #PF and #AC (Intel SDM Vol. 3, table 6-2).</summary>
    private bool IsAligned(AccessDetail detail, ulong linear)
    {
        if (!detail.MustBeAligned || (linear & (ulong)(detail.Size - 1)) == 0)
            return true;
        PendingFault.GeneralProtection(_state);
        return false;
    }

    /// <summary>As <see cref="Bounce"/>, where other vCPUs must not come between: LOCK on the buffer locks nothing.</summary>
    private AccessOutcome BounceMemory(AccessDetail detail, ulong linear) =>
        detail.IsLocked && !IsExclusive ? AccessOutcome.Exclusive : Bounce(detail, linear);

    /// <summary>Checks the access, fills the buffer where the old bytes are needed, and sends the instruction there.</summary>
    private AccessOutcome Bounce(AccessDetail detail, ulong linear)
    {
        // The access may hit a breakpoint, and #DB comes right after the instruction.
        if ((_state->DebugRegister[5] & 0xFF) != 0 && !IsStepping)
            return AccessOutcome.Step;
        byte* buffer = _state->Bounce + (linear & 63);
        if (detail.IsWrite && !TryProbe(linear, detail.Size))
            return AccessOutcome.Fault;
        if (detail.NeedsOldBytes && !TryFill(buffer, linear, detail.Size))
            return AccessOutcome.Fault;
        _state->AccessAddend = (ulong)buffer - _state->AccessAddress;
        if (detail.IsWrite)
        {
            _bounceLinear = linear;
            _bounceSize = detail.Size;
            MayStoreNothing = detail.MayStoreNothing;
            _state->ResumeAddress += BounceSkip;
        }

        return AccessOutcome.Resume;
    }

    private bool TryFill(byte* buffer, ulong linear, int size)
    {
        for (int done = 0; done < size;)
        {
            int part = Part(size - done);
            if (!_access.TryReadLinear(Wrap(linear + (ulong)done), part, out ulong value))
                return false;
            Store(buffer + done, part, value);
            done += part;
        }

        return true;
    }

    /// <summary>Both pages may be written; notes whether translated code lies under the bytes.</summary>
    private bool TryProbe(ulong linear, int size)
    {
        int head = Math.Min(size, (int)(GuestRam.PageSize - (linear & PageOffset)));
        _bounceHitsCode = false;
        return TryProbePage(linear, head) && (head == size || TryProbePage(Wrap(linear + (ulong)head), size - head));
    }

    private bool TryProbePage(ulong linear, int size)
    {
        if (!_mmu.TryTranslate(linear, MemoryAccess.Write, out ulong physical))
            return false;
        _bounceHitsCode |= _ram.HostAddress(physical) is not null && HasCode(physical, size);
        return true;
    }

    private bool HasCode(ulong physical, int size) =>
        (_ram.FlagsOf(physical) & (byte)PageFlags.Code) != 0 && _store.HasCode(physical, size);

    /// <summary>The longest power of two, up to 8, that a device register or a part of a vector takes.</summary>
    private static int Part(int left) => left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1;

    /// <summary>
    /// Odd sizes (80-bit floating point) are aligned to 8 (Intel SDM Vol. 3, table 6-7). Vectors of more than 8 bytes are not looked at, as on Intel's
    /// processors.
    /// </summary>
    private static int AlignmentOf(int size) => size switch { 10 => 8, > 8 => 1, _ => size };

    private static bool IsCanonical(ulong address) => (ulong)((long)(address << 16) >> 16) == address;

    private ulong Wrap(ulong address) => (_state->Mode & (uint)ModeFlags.Long) != 0 ? address : (uint)address;

    private static ulong Load(byte* from, int size) => size switch
    {
        8 => *(ulong*)from,
        4 => *(uint*)from,
        2 => *(ushort*)from,
        _ => *from,
    };

    private static void Store(byte* to, int size, ulong value)
    {
        switch (size)
        {
            case 8:
                *(ulong*)to = value;
                break;
            case 4:
                *(uint*)to = (uint)value;
                break;
            case 2:
                *(ushort*)to = (ushort)value;
                break;
            default:
                *to = (byte)value;
                break;
        }
    }
}
