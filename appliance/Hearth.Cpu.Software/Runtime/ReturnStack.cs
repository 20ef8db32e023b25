namespace Hearth.Cpu.Software;

/// <summary>
/// What RSP points into while generated code of a vCPU runs: a frame for each call of 64-bit code that has not returned yet, so that the host's own CALL and RET
/// make up the guest's, and its processor predicts where returns go. To predict an indirect jump instead takes longer, and some hosts' processors are not let do it at all.
/// </summary>
/// <remarks>
/// A frame is the guest's return address and, below, the address of the code that goes on there when the guest does come back to that address; otherwise
/// the jump cache is asked. The guest's stack alone decides where it returns: calls that never return and returns that never were called cost a detour.
/// Frames hold as long as the entries of the jump cache would, and are forgotten with them: when the guest flushes its TLB or the mode changes. STAC and CLAC, which
/// kernels do between call and return, go over to another stack and come back.
///
/// RSP is 8 past a multiple of 16 between calls, so that its lower 16 bits are zero after the push that fills a stack. The room below serves stubs, and signals whose
/// handlers have no stack of their own.
/// </remarks>
internal static unsafe class ReturnStack
{
    /// <summary>Bytes of frames; a stack begins at a multiple.</summary>
    public const int Length = 1 << 16;

    /// <summary>How far the second stack is from the first.</summary>
    public const int Distance = VcpuState.ReturnRoom + Length;

    /// <summary>What RSP gets when a push filled the stack, less what it has after the push is undone.</summary>
    public const int Refill = Length - (2 * sizeof(ulong));

    /// <param name="bottom">See <see cref="ReturnStubs.EmitBottom"/>.</param>
    public static void Create(VcpuState* state, byte* bottom)
    {
        // SAFETY: both stacks lie within the state block (VcpuState.ReturnStackOffset and Size), which is aligned to more than their length.
        byte* top = (byte*)state + VcpuState.ReturnStackOffset + Length - sizeof(ulong);
        if (((nuint)top + sizeof(ulong)) % Length != 0)
            throw new InvalidOperationException("the state block is not aligned as its return stacks need it");
        *(byte**)top = bottom;
        *(byte**)(top + Distance) = bottom;
        state->ReturnTop = (ulong)top;
        Forget(state);
    }

    /// <summary>Forgets all frames. On the vCPU's thread, or while it is not inside.</summary>
    public static void Forget(VcpuState* state)
    {
        state->ReturnStack = state->ReturnTop;
        state->OtherReturnStack = state->ReturnTop + Distance;
    }
}
