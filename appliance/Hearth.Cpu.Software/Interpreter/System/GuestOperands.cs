using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>Operands that may be a general register or memory.</summary>
internal sealed unsafe class GuestOperands
{
    private readonly VcpuState* _state;
    private readonly GuestAccess _access;

    public GuestOperands(VcpuState* state, GuestAccess access)
    {
        _state = state;
        _access = access;
    }

    /// <summary>Reads an operand, zero-extended from <paramref name="size"/> bytes.</summary>
    /// <returns>False when a fault is pending.</returns>
    public bool TryRead(in Instruction instruction, int operand, int size, out ulong value)
    {
        if (instruction.GetOpKind(operand) != OpKind.Memory)
        {
            value = OperandAccess.Read(_state, instruction.GetOpRegister(operand)) & OperandAccess.Mask(size);
            return true;
        }

        return TryReadMemory(instruction, 0, size, out value);
    }

    /// <summary>Writes a register whole, or <paramref name="size"/> bytes of memory.</summary>
    /// <returns>False when a fault is pending.</returns>
    public bool TryWrite(in Instruction instruction, int operand, int size, ulong value)
    {
        if (instruction.GetOpKind(operand) != OpKind.Memory)
        {
            OperandAccess.Write(_state, instruction.GetOpRegister(operand), value);
            return true;
        }

        return TryWriteMemory(instruction, 0, size, value);
    }

    /// <param name="displacement">Bytes past the start of the operand.</param>
    public bool TryReadMemory(in Instruction instruction, int displacement, int size, out ulong value) =>
        _access.TryRead(EffectiveAddress.Segment(_state, instruction), Offset(instruction, displacement), size, out value);

    /// <inheritdoc cref="TryReadMemory"/>
    public bool TryWriteMemory(in Instruction instruction, int displacement, int size, ulong value) =>
        _access.TryWrite(EffectiveAddress.Segment(_state, instruction), Offset(instruction, displacement), size, value);

    private ulong Offset(in Instruction instruction, int displacement)
    {
        ulong mask = OperandAccess.Mask(EffectiveAddress.Size(instruction));
        return (EffectiveAddress.Offset(_state, instruction) + (ulong)displacement) & mask;
    }
}
