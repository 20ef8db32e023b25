namespace Hearth.Cpu.Software;

/// <summary>Segment registers as a whole; <see cref="VcpuState"/> keeps their parts in arrays of their own.</summary>
internal static unsafe class Segments
{
    public static SegmentRegister Get(VcpuState* state, SegmentName name)
    {
        int i = (int)name;
        return new SegmentRegister(state->SegmentSelector[i], Base(state, name), state->SegmentLimit[i], state->SegmentAttributes[i]);
    }

    /// <summary>Sets a segment register; the caller updates the mode.</summary>
    public static void Set(VcpuState* state, SegmentName name, in SegmentRegister segment)
    {
        int i = (int)name;
        state->SegmentSelector[i] = segment.Selector;
        state->SegmentLimit[i] = segment.Limit;
        state->SegmentAttributes[i] = segment.Attributes;
        switch (name)
        {
            case SegmentName.Ldtr:
                state->LdtrBase = segment.Base;
                break;
            case SegmentName.Tr:
                state->TrBase = segment.Base;
                break;
            default:
                state->SegmentBase[i] = segment.Base;
                break;
        }
    }

    public static ulong Base(VcpuState* state, SegmentName name) => name switch
    {
        SegmentName.Ldtr => state->LdtrBase,
        SegmentName.Tr => state->TrBase,
        _ => state->SegmentBase[(int)name],
    };
}
