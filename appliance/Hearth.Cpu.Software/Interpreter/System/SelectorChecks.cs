using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>ARPL, VERR, VERW, LAR and LSL: questions about selectors, answered in ZF (Intel SDM Vol. 2).</summary>
internal sealed unsafe class SelectorChecks
{
    private const uint ModeMask = (uint)(ModeFlags.Protected | ModeFlags.Virtual8086);

    private readonly VcpuState* _state;
    private readonly GuestOperands _operands;
    private readonly DescriptorTables _tables;

    public SelectorChecks(VcpuState* state, GuestOperands operands, DescriptorTables tables)
    {
        _state = state;
        _operands = operands;
        _tables = tables;
    }

    private bool IsProtected => (_state->Mode & ModeMask) == (uint)ModeFlags.Protected;

    private bool IsLongMode => (_state->Efer & ControlRegister.EferLongModeActive) != 0;

    public StepResult AdjustPrivilege(in Instruction instruction)
    {
        if (!IsProtected)
            return PendingFault.InvalidOpcode(_state);
        if (!_operands.TryRead(instruction, 0, 2, out ulong destination))
            return StepResult.Fault;
        ulong source = OperandAccess.Read(_state, instruction.Op1Register);
        bool raises = (destination & 3) < (source & 3);
        if (raises && !TryWriteSelector(instruction, (destination & ~3UL) | (source & 3)))
            return StepResult.Fault;
        return Answer(instruction, raises);
    }

    /// <summary>VERR and VERW.</summary>
    public StepResult Verify(in Instruction instruction)
    {
        if (!TryInspect(instruction, 0, out int selector, out Descriptor descriptor, out bool found))
            return StepResult.Fault;
        bool usable = instruction.Mnemonic == Mnemonic.Verr ? descriptor.IsReadable : descriptor.IsWritableData;
        return Answer(instruction, found && usable && IsVisible(selector, descriptor));
    }

    public StepResult LoadAccessRights(in Instruction instruction)
    {
        if (!TryInspect(instruction, 1, out int selector, out Descriptor descriptor, out bool found))
            return StepResult.Fault;
        bool known = descriptor.SystemType switch
        {
            -1 or Descriptor.Ldt or Descriptor.Tss32 or Descriptor.Tss32Busy or Descriptor.CallGate32 => true,
            Descriptor.Tss16 or Descriptor.Tss16Busy or Descriptor.CallGate16 or Descriptor.TaskGate => !IsLongMode,
            _ => false,
        };
        bool good = found && known && IsVisible(selector, descriptor);
        if (good)
            OperandAccess.Write(_state, instruction.Op0Register, descriptor.AccessRights);
        return Answer(instruction, good);
    }

    public StepResult LoadLimit(in Instruction instruction)
    {
        if (!TryInspect(instruction, 1, out int selector, out Descriptor descriptor, out bool found))
            return StepResult.Fault;
        bool known = descriptor.SystemType switch
        {
            -1 or Descriptor.Ldt or Descriptor.Tss32 or Descriptor.Tss32Busy => true,
            Descriptor.Tss16 or Descriptor.Tss16Busy => !IsLongMode,
            _ => false,
        };
        bool good = found && known && IsVisible(selector, descriptor);
        if (good)
            OperandAccess.Write(_state, instruction.Op0Register, descriptor.Limit);
        return Answer(instruction, good);
    }

    private bool TryInspect(in Instruction instruction, int operand, out int selector, out Descriptor descriptor, out bool found)
    {
        selector = 0;
        descriptor = default;
        found = false;
        if (!IsProtected)
        {
            PendingFault.InvalidOpcode(_state);
            return false;
        }

        if (!_operands.TryRead(instruction, operand, 2, out ulong value))
            return false;
        selector = (int)value;
        return _tables.TryInspect(selector, out descriptor, out found);
    }

    /// <summary>Conforming code is within everybody's reach.</summary>
    private bool IsVisible(int selector, in Descriptor descriptor) =>
        descriptor.IsConforming || descriptor.Dpl >= Math.Max(selector & 3, _state->Cpl);

    private bool TryWriteSelector(in Instruction instruction, ulong value)
    {
        if (instruction.Op0Kind == OpKind.Memory)
            return _operands.TryWriteMemory(instruction, 0, 2, value);

        // The upper half of a 32-bit register keeps its value.
        Register register = instruction.Op0Register;
        ulong whole = OperandAccess.Read(_state, register);
        OperandAccess.Write(_state, register, (whole & ~0xFFFFUL) | value);
        return true;
    }

    private StepResult Answer(in Instruction instruction, bool zero)
    {
        _state->ArithmeticFlags = zero ? _state->ArithmeticFlags | Rflags.Zero : _state->ArithmeticFlags & ~Rflags.Zero;
        return Completion.Advance(_state, instruction);
    }
}
