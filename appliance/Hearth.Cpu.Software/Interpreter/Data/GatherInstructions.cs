using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>VGATHERDPS/DPD/QPS/QPD and VPGATHERDD/DQ/QD/QQ of AVX2 (Intel SDM Vol. 2).</summary>
/// <remarks>
/// Elements are read from the lowest to the highest. Each one read is written to the destination and cleared in the mask, so
/// that after a fault the instruction goes on where it stopped. Alignment is not checked.
/// </remarks>
internal sealed unsafe class GatherInstructions
{
    private const int VectorLength = 32;

    // SAFETY: the state block outlives the interpreter; element numbers stay below a register's 32 bytes.
    private readonly VcpuState* _state;
    private readonly GuestAccess _access;
    private readonly FeatureGate _gate;
    private readonly DebugEvents _debug;

    public GatherInstructions(VcpuState* state, GuestAccess access, FeatureGate gate, DebugEvents debug)
    {
        _state = state;
        _access = access;
        _gate = gate;
        _debug = debug;
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
        if (!TryGather(instruction, data, index, mask, elementSize, indexSize, count, out bool progress))
            return progress ? TrapOrFault() : StepResult.Fault;

        int used = count * elementSize;
        new Span<byte>(data + used, VectorLength - used).Clear();
        new Span<byte>(mask, VectorLength).Clear();
        return Completion.Advance(_state, instruction);
    }

    private bool TryGather(
        in Instruction instruction, byte* data, byte* index, byte* mask, int elementSize, int indexSize, int count, out bool progress)
    {
        progress = false;
        SegmentName segment = EffectiveAddress.Segment(_state, instruction);
        for (int i = 0; i < count; i++)
        {
            int at = i * elementSize;
            if ((sbyte)mask[at] >= 0)
                continue;
            long element = indexSize == 4 ? ((int*)index)[i] : ((long*)index)[i];
            ulong offset = EffectiveAddress.ElementOffset(_state, instruction, element);
            if (!_access.TryLinear(segment, offset, elementSize, MemoryAccess.Read, out ulong linear)
                || !_access.TryReadLinear(linear, elementSize, out ulong value))
            {
                return false;
            }

            progress = true;
            new ReadOnlySpan<byte>(&value, elementSize).CopyTo(new Span<byte>(data + at, elementSize));
            new Span<byte>(mask + at, elementSize).Clear();
        }

        return true;
    }

    /// <summary>
    /// A fault after some elements were read: a trap that is due comes first, and the fault again when the instruction goes
    /// on (Intel SDM Vol. 2, VGATHERDPS).
    /// </summary>
    private StepResult TrapOrFault()
    {
        if ((_state->SystemFlags & Rflags.Trap) == 0 && !_debug.HasHits)
            return StepResult.Fault;
        _state->FaultPending = 0;
        _debug.KeepResume();
        return StepResult.Continue;
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
