using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>BOUND: #BR when a signed index lies outside a pair of bounds in memory (Intel SDM Vol. 2).</summary>
internal sealed unsafe class BoundInstructions
{
    // SAFETY: the state block outlives the interpreter.
    private readonly VcpuState* _state;
    private readonly GuestAccess _access;

    public BoundInstructions(VcpuState* state, GuestAccess access)
    {
        _state = state;
        _access = access;
    }

    public StepResult Execute(in Instruction instruction)
    {
        int size = instruction.Code == Code.Bound_r16_m1616 ? 2 : 4;
        SegmentName segment = EffectiveAddress.Segment(_state, instruction);
        ulong offset = EffectiveAddress.Offset(_state, instruction);
        ulong above = (offset + (ulong)size) & OperandAccess.Mask(EffectiveAddress.Size(instruction));
        if (!_access.TryRead(segment, offset, size, out ulong lower) || !_access.TryRead(segment, above, size, out ulong upper))
            return StepResult.Fault;

        long index = SignExtend(OperandAccess.Read(_state, instruction.Op0Register), size);
        return index < SignExtend(lower, size) || index > SignExtend(upper, size)
            ? PendingFault.Set(_state, ExceptionVector.BoundRange)
            : Completion.Advance(_state, instruction);
    }

    private static long SignExtend(ulong value, int size) => size == 2 ? (short)value : (int)value;
}
