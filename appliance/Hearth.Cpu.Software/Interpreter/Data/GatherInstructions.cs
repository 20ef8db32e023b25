using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>VGATHERDPS/DPD/QPS/QPD and VPGATHERDD/DQ/QD/QQ of AVX2 (Intel SDM Vol. 2).</summary>
/// <remarks>
/// Elements are read from the lowest to the highest. Each one read is written to the destination and cleared in the mask, so
/// that after a fault the instruction goes on where it stopped.
/// </remarks>
internal sealed unsafe class GatherInstructions
{
    private const int VectorLength = 32;

    // SAFETY: the state block outlives the interpreter; element numbers stay below a register's 32 bytes.
    private readonly VcpuState* _state;
    private readonly GuestAccess _access;
    private readonly FeatureGate _gate;

    public GatherInstructions(VcpuState* state, GuestAccess access, FeatureGate gate)
    {
        _state = state;
        _access = access;
        _gate = gate;
    }

    public StepResult Execute(in Instruction instruction)
    {
        if (!_gate.TryAvx())
            return StepResult.Fault;
        byte* data = OperandAccess.Vector(_state, instruction.Op0Register);
        byte* index = OperandAccess.Vector(_state, instruction.MemoryIndex);
        byte* mask = OperandAccess.Vector(_state, instruction.Op2Register);
        if (data == index || data == mask || index == mask)
            return PendingFault.InvalidOpcode(_state);

        (int elementSize, int indexSize) = Sizes(instruction.Mnemonic);
        int count = Length(instruction) / Math.Max(elementSize, indexSize);
        SpreadMask(mask, elementSize, count);
        if (!TryGather(instruction, data, index, mask, elementSize, indexSize, count))
            return StepResult.Fault;

        int used = count * elementSize;
        new Span<byte>(data + used, VectorLength - used).Clear();
        new Span<byte>(mask, VectorLength).Clear();
        return Completion.Advance(_state, instruction);
    }

    private bool TryGather(
        in Instruction instruction, byte* data, byte* index, byte* mask, int elementSize, int indexSize, int count)
    {
        SegmentName segment = EffectiveAddress.Segment(_state, instruction);
        for (int i = 0; i < count; i++)
        {
            int at = i * elementSize;
            if ((sbyte)mask[at] >= 0)
                continue;
            long element = indexSize == 4 ? ((int*)index)[i] : ((long*)index)[i];
            ulong offset = EffectiveAddress.ElementOffset(_state, instruction, element);
            if (!_access.TryRead(segment, offset, elementSize, out ulong value))
                return false;
            new ReadOnlySpan<byte>(&value, elementSize).CopyTo(new Span<byte>(data + at, elementSize));
            new Span<byte>(mask + at, elementSize).Clear();
        }

        return true;
    }

    /// <summary>Makes each mask element all ones or all zeros by its sign.</summary>
    private static void SpreadMask(byte* mask, int elementSize, int count)
    {
        for (int i = 0; i < count; i++)
        {
            byte* element = mask + (i * elementSize);
            new Span<byte>(element, elementSize).Fill((sbyte)element[elementSize - 1] < 0 ? (byte)0xFF : (byte)0);
        }
    }

    private static (int Element, int Index) Sizes(Mnemonic mnemonic) => mnemonic switch
    {
        Mnemonic.Vgatherdps or Mnemonic.Vpgatherdd => (4, 4),
        Mnemonic.Vgatherdpd or Mnemonic.Vpgatherdq => (8, 4),
        Mnemonic.Vgatherqps or Mnemonic.Vpgatherqd => (4, 8),
        _ => (8, 8),
    };

    /// <summary>VEX.L: the longer of the two vectors.</summary>
    private static int Length(in Instruction instruction) =>
        instruction.Op0Register >= Register.YMM0 || instruction.MemoryIndex >= Register.YMM0 ? 32 : 16;
}
