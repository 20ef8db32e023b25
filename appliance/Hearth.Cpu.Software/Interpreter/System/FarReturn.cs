using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>Far RET (Intel SDM Vol. 2, RET).</summary>
internal sealed unsafe class FarReturn
{
    private const uint ModeMask = (uint)(ModeFlags.Protected | ModeFlags.Virtual8086);

    private readonly VcpuState* _state;
    private readonly GuestAccess _access;
    private readonly CodeTarget _code;
    private readonly OuterStack _outer;

    public FarReturn(VcpuState* state, GuestAccess access, DescriptorTables tables, SegmentLoader loader)
    {
        _state = state;
        _access = access;
        _code = new CodeTarget(state, tables);
        _outer = new OuterStack(state, loader);
    }

    public StepResult Execute(in Instruction instruction)
    {
        int size = instruction.Code switch
        {
            Code.Retfw or Code.Retfw_imm16 => 2,
            Code.Retfq or Code.Retfq_imm16 => 8,
            _ => 4,
        };
        int release = instruction.OpCount == 0 ? 0 : instruction.Immediate16;
        GuestStack stack = GuestStack.Current(_state, _access);
        if (!stack.TryPop(size, out ulong offset) || !stack.TryPopSelector(size, out ushort selector))
            return StepResult.Fault;
        stack.Release(release);
        bool done = (_state->Mode & ModeMask) == (uint)ModeFlags.Protected
            ? TryProtected(ref stack, selector, offset, size, release)
            : TryReal(ref stack, selector, offset);
        if (!done)
            return StepResult.Fault;
        ModeState.Update(_state);
        return StepResult.Continue;
    }

    private bool TryReal(ref GuestStack stack, ushort selector, ulong offset)
    {
        if (offset > _state->SegmentLimit[(int)SegmentName.CS])
        {
            PendingFault.GeneralProtection(_state);
            return false;
        }

        stack.Commit();
        SegmentLoader.SetRealModeCode(_state, selector);
        _state->Rip = offset;
        return true;
    }

    private bool TryProtected(ref GuestStack stack, ushort selector, ulong offset, int size, int release)
    {
        if (!_code.TryReadReturn(selector, out Descriptor code))
            return false;
        int cpl = selector & 3;
        if (cpl == _state->Cpl)
        {
            if (!_code.AllowsOffset(code, offset) || !_code.TrySetAccessed(selector, code))
                return false;
            stack.Commit();
            _code.Enter(selector, code, cpl, offset);
            return true;
        }

        bool toLong = _code.IsLong(code);
        if (!stack.TryPop(size, out ulong pointer) || !stack.TryPop(size, out ulong stackSelector) ||
            !_outer.TryRead((ushort)stackSelector, cpl, toLong, out SegmentRegister segment) ||
            !_code.AllowsOffset(code, offset) || !_code.TrySetAccessed(selector, code))
        {
            return false;
        }

        _code.Enter(selector, code, cpl, offset);
        _outer.Load(segment, pointer + (ulong)release, toLong);
        SegmentLoader.DropInnerData(_state, cpl);
        return true;
    }
}
