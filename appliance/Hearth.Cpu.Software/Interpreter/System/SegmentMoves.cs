using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>MOV, PUSH and POP of segment registers; LDS, LES, LFS, LGS, LSS (Intel SDM Vol. 2).</summary>
internal sealed unsafe class SegmentMoves
{
    private readonly VcpuState* _state;
    private readonly GuestAccess _access;
    private readonly GuestOperands _operands;
    private readonly SegmentLoader _loader;
    private readonly DebugEvents _debug;

    public SegmentMoves(VcpuState* state, GuestAccess access, GuestOperands operands, SegmentLoader loader, DebugEvents debug)
    {
        _state = state;
        _access = access;
        _operands = operands;
        _loader = loader;
        _debug = debug;
    }

    public StepResult Move(in Instruction instruction)
    {
        if (instruction.Op0Kind == OpKind.Register && instruction.Op0Register.IsSegmentRegister())
            return Load(instruction);
        ulong selector = _state->SegmentSelector[(int)NameOf(instruction.Op1Register)];
        return _operands.TryWrite(instruction, 0, 2, selector) ? Completion.Advance(_state, instruction) : StepResult.Fault;
    }

    public StepResult Push(in Instruction instruction)
    {
        GuestStack stack = GuestStack.Current(_state, _access);
        if (!stack.TryPushSelector(SizeOf(instruction.Code), _state->SegmentSelector[(int)NameOf(instruction.Op0Register)]))
            return StepResult.Fault;
        stack.Commit();
        return Completion.Advance(_state, instruction);
    }

    public StepResult Pop(in Instruction instruction)
    {
        GuestStack stack = GuestStack.Current(_state, _access);
        SegmentName name = NameOf(instruction.Op0Register);
        if (name == SegmentName.CS)
            return PendingFault.InvalidOpcode(_state);
        if (!stack.TryPopSelector(SizeOf(instruction.Code), out ushort selector) || !_loader.TryLoad(name, selector))
            return StepResult.Fault;
        stack.Commit();
        Shadow(name);
        return Completion.Advance(_state, instruction);
    }

    /// <summary>A far pointer: the offset to a general register, the selector to the segment register of the mnemonic.</summary>
    public StepResult LoadPointer(in Instruction instruction)
    {
        SegmentName name = instruction.Mnemonic switch
        {
            Mnemonic.Lds => SegmentName.DS,
            Mnemonic.Les => SegmentName.ES,
            Mnemonic.Lfs => SegmentName.FS,
            Mnemonic.Lgs => SegmentName.GS,
            _ => SegmentName.SS,
        };
        int size = instruction.Op0Register.GetSize();
        if (!_operands.TryReadMemory(instruction, 0, size, out ulong offset) ||
            !_operands.TryReadMemory(instruction, size, 2, out ulong selector) ||
            !_loader.TryLoad(name, (ushort)selector))
        {
            return StepResult.Fault;
        }

        OperandAccess.Write(_state, instruction.Op0Register, offset);
        return Completion.Advance(_state, instruction);
    }

    private StepResult Load(in Instruction instruction)
    {
        SegmentName name = NameOf(instruction.Op0Register);
        if (name == SegmentName.CS)
            return PendingFault.InvalidOpcode(_state);
        if (!_operands.TryRead(instruction, 1, 2, out ulong selector) || !_loader.TryLoad(name, (ushort)selector))
            return StepResult.Fault;
        Shadow(name);
        return Completion.Advance(_state, instruction);
    }

    /// <summary>After MOV SS and POP SS, interrupts and debug traps wait until SP can have been loaded, too.</summary>
    private void Shadow(SegmentName name)
    {
        if (name != SegmentName.SS)
            return;
        _state->InterruptShadow = 1;
        _debug.InhibitAfterStackLoad();
    }

    private static SegmentName NameOf(Register register) => (SegmentName)(register - Register.ES);

    private static int SizeOf(Code code) => code switch
    {
        Code.Pushw_ES or Code.Pushw_CS or Code.Pushw_SS or Code.Pushw_DS or Code.Pushw_FS or Code.Pushw_GS => 2,
        Code.Popw_ES or Code.Popw_CS or Code.Popw_SS or Code.Popw_DS or Code.Popw_FS or Code.Popw_GS => 2,
        Code.Pushq_FS or Code.Pushq_GS or Code.Popq_FS or Code.Popq_GS => 8,
        _ => 4,
    };
}
