using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>PUSHA, POPA, ENTER, LEAVE, and PUSH and POP of a memory or register operand (Intel SDM Vol. 2).</summary>
internal sealed unsafe class StackInstructions
{
    // SAFETY: the state block outlives the interpreter; the popped values are as many as the registers.
    private readonly VcpuState* _state;
    private readonly GuestAccess _access;
    private readonly RunningStack _stack;

    public StackInstructions(VcpuState* state, GuestAccess access)
    {
        _state = state;
        _access = access;
        _stack = new RunningStack(state, access);
    }

    public StepResult Execute(in Instruction instruction)
    {
        bool done = instruction.Code switch
        {
            Code.Pushaw => TryPushAll(2),
            Code.Pushad => TryPushAll(4),
            Code.Popaw => TryPopAll(2),
            Code.Popad => TryPopAll(4),
            Code.Enterw_imm16_imm8 => TryEnter(2, instruction),
            Code.Enterd_imm16_imm8 => TryEnter(4, instruction),
            Code.Enterq_imm16_imm8 => TryEnter(8, instruction),
            Code.Leavew => TryLeave(2),
            Code.Leaved => TryLeave(4),
            Code.Leaveq => TryLeave(8),
            Code.Push_rm16 => TryPush(2, instruction),
            Code.Push_rm32 => TryPush(4, instruction),
            Code.Push_rm64 => TryPush(8, instruction),
            Code.Pop_rm16 => TryPop(2, instruction),
            Code.Pop_rm32 => TryPop(4, instruction),
            _ => TryPop(8, instruction),
        };
        return done ? Completion.Advance(_state, instruction) : StepResult.Fault;
    }

    private bool TryPushAll(int size)
    {
        ulong pointer = _stack.Pointer;
        if (!_stack.TryProbePushes(pointer, size, 8))
            return false;
        for (int register = 0; register < 8; register++)
        {
            if (!_stack.TryPush(ref pointer, size, _state->Gpr[register]))
                return false;
        }

        _stack.Pointer = pointer;
        return true;
    }

    private bool TryPopAll(int size)
    {
        ulong* values = stackalloc ulong[8];
        ulong pointer = _stack.Pointer;
        for (int register = 7; register >= 0; register--)
        {
            if (!_stack.TryPop(ref pointer, size, out values[register]))
                return false;
        }

        // The stacked SP is read and thrown away.
        _stack.Pointer = pointer;
        for (int register = 0; register < 8; register++)
        {
            if (register != GeneralRegister.Rsp)
                OperandAccess.Write(_state, register, size, values[register]);
        }

        return true;
    }

    private bool TryEnter(int size, in Instruction instruction)
    {
        int level = instruction.Immediate8_2nd & 31;
        ulong pointer = _stack.Pointer;
        if (!_stack.TryProbePushes(pointer, size, level + 1) || !_stack.TryPush(ref pointer, size, _state->Gpr[GeneralRegister.Rbp]))
            return false;

        // The frame pointer takes as much of the stack pointer as the operand size says, even of a 16-bit stack's ESP.
        ulong frame = (_state->Gpr[GeneralRegister.Rsp] & ~OperandAccess.Mask(_stack.AddressSize)) | pointer;
        if (level > 0 && !TryCopyDisplay(ref pointer, size, level - 1, frame))
            return false;

        pointer = _stack.Wrap(pointer - instruction.Immediate16);
        if (!_access.TryProbeWrite(SegmentName.SS, pointer, size))
            return false;
        OperandAccess.Write(_state, GeneralRegister.Rbp, size, frame);
        _stack.Pointer = pointer;
        return true;
    }

    /// <summary>Pushes the frame pointers of the enclosing procedures and the new one.</summary>
    private bool TryCopyDisplay(ref ulong pointer, int size, int enclosing, ulong frame)
    {
        ulong display = _state->Gpr[GeneralRegister.Rbp];
        for (int i = 0; i < enclosing; i++)
        {
            display -= (ulong)size;
            if (!_access.TryRead(SegmentName.SS, _stack.Wrap(display), size, out ulong value)
                || !_stack.TryPush(ref pointer, size, value))
            {
                return false;
            }
        }

        return _stack.TryPush(ref pointer, size, frame);
    }

    private bool TryLeave(int size)
    {
        ulong pointer = _stack.Wrap(_state->Gpr[GeneralRegister.Rbp]);
        if (!_stack.TryPop(ref pointer, size, out ulong value))
            return false;
        _stack.Pointer = pointer;
        OperandAccess.Write(_state, GeneralRegister.Rbp, size, value);
        return true;
    }

    private bool TryPush(int size, in Instruction instruction)
    {
        SegmentName segment = EffectiveAddress.Segment(_state, instruction);
        ulong value;
        if (instruction.Op0Kind == OpKind.Register)
            value = OperandAccess.Read(_state, instruction.Op0Register);
        else if (!_access.TryRead(segment, EffectiveAddress.Offset(_state, instruction), size, out value))
            return false;

        ulong pointer = _stack.Pointer;
        if (!_stack.TryPush(ref pointer, size, value))
            return false;
        _stack.Pointer = pointer;
        return true;
    }

    private bool TryPop(int size, in Instruction instruction)
    {
        ulong before = _state->Gpr[GeneralRegister.Rsp];
        ulong pointer = _stack.Pointer;
        if (!_stack.TryPop(ref pointer, size, out ulong value))
            return false;

        // An address made of RSP, and a POP into RSP itself, see the pointer as it is after the pop.
        _stack.Pointer = pointer;
        if (instruction.Op0Kind == OpKind.Register)
        {
            OperandAccess.Write(_state, instruction.Op0Register, value);
            return true;
        }

        ulong offset = EffectiveAddress.Offset(_state, instruction);
        if (_access.TryWrite(EffectiveAddress.Segment(_state, instruction), offset, size, value))
            return true;
        _state->Gpr[GeneralRegister.Rsp] = before;
        return false;
    }
}
