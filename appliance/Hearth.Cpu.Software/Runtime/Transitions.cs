using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>Notes what SYSCALL, SYSRETQ and IRETQ did in C#, so that machine code can do it again.</summary>
internal sealed unsafe class Transitions
{
    private const ushort LocalTable = 4;

    private readonly VcpuState* _state;
    private readonly TranslationStore _store;
    private readonly GuestAccess _access;
    private uint _mode;
    private ulong _systemFlags;
    private byte _cpl;

    public Transitions(VcpuState* state, TranslationStore store, GuestAccess access)
    {
        _state = state;
        _store = store;
        _access = access;
    }

    public static bool IsTransition(Code code) => code is Code.Syscall or Code.Sysretq or Code.Iretq;

    /// <summary>Before the instruction.</summary>
    public void Begin() => (_mode, _systemFlags, _cpl) = (_state->Mode, _state->SystemFlags, _state->Cpl);

    /// <summary>After it, when it has not faulted.</summary>
    public void End(Code code)
    {
        const uint Unusual = (uint)ModeFlags.SingleStep;
        const uint Long = (uint)ModeFlags.Long;
        bool repeatable = ((_mode | _state->Mode) & Unusual) == 0 && (_mode & _state->Mode & Long) != 0;
        if (!repeatable || !_store.TryNumberOf((ModeFlags)_state->Mode, out int number))
            return;
        ref Transition transition = ref ((Transition*)_state->Transitions)[(int)KindOf(code)];
        transition.Key = 0;
        SegmentRegister cs = Segments.Get(_state, SegmentName.CS);
        SegmentRegister ss = Segments.Get(_state, SegmentName.SS);
        if (code == Code.Iretq && !TryNoteDescriptors(ref transition, cs, ss))
            return;
        (transition.Star, transition.SyscallMask) = (_state->Star, _state->SyscallMask);
        (transition.Cr4, transition.Efer) = ((uint)_state->Cr4, (uint)_state->Efer);
        transition.ModeSalt = (ulong)number;
        (transition.Mode, transition.SystemFlags) = (_state->Mode, (uint)_state->SystemFlags);
        (transition.CodeSelector, transition.CodeAttributes, transition.CodeLimit, transition.CodeBase) = (cs.Selector, cs.Attributes, cs.Limit, (uint)cs.Base);
        (transition.StackSelector, transition.StackAttributes, transition.StackLimit, transition.StackBase) = (ss.Selector, ss.Attributes, ss.Limit, (uint)ss.Base);

        // SYSRET takes its flags from R11, whatever they were before.
        transition.Key = _mode | ((code == Code.Sysretq ? _state->SystemFlags : _systemFlags) << 32);
    }

    private TransitionKind KindOf(Code code) => code switch
    {
        Code.Syscall => TransitionKind.SystemCall,
        Code.Sysretq => TransitionKind.SystemReturn,
        _ when _state->Cpl == 3 => TransitionKind.ReturnToUser,
        _ => DescriptorTables.IsNull(_state->SegmentSelector[(int)SegmentName.SS]) ? TransitionKind.ReturnToSameNull : TransitionKind.ReturnToSame,
    };

    private bool TryNoteDescriptors(ref Transition transition, in SegmentRegister cs, in SegmentRegister ss)
    {
        transition.StackDescriptor = 0;
        return _cpl == 0 && _state->Cpl is 0 or 3 && TryRead(cs.Selector, out transition.CodeDescriptor) &&
            (DescriptorTables.IsNull(ss.Selector) || TryRead(ss.Selector, out transition.StackDescriptor));
    }

    private bool TryRead(ushort selector, out ulong raw)
    {
        raw = 0;
        if ((selector & LocalTable) != 0)
            return false;
        if (_access.TryReadSystem(_state->GdtrBase + (ulong)(selector & 0xFFF8), 8, out raw))
            return true;

        // The instruction has read it a moment ago; whatever happened since, it has not faulted.
        _state->FaultPending = 0;
        return false;
    }
}
