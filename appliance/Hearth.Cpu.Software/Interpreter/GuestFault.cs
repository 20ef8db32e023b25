namespace Hearth.Cpu.Software;

/// <summary>Notes an exception in <see cref="VcpuState"/> that is to be delivered for the instruction at hand.</summary>
internal static unsafe class GuestFault
{
    /// <summary>An exception without an error code.</summary>
    /// <returns>Always <see cref="StepResult.Fault"/>, so that a caller can return it.</returns>
    public static StepResult Raise(VcpuState* state, ExceptionVector vector)
    {
        state->FaultPending = 1;
        state->FaultVector = (byte)vector;
        state->FaultHasErrorCode = 0;
        state->FaultErrorCode = 0;
        state->FaultAddress = 0;
        return StepResult.Fault;
    }

    /// <inheritdoc cref="Raise(VcpuState*, ExceptionVector)"/>
    public static StepResult Raise(VcpuState* state, ExceptionVector vector, uint errorCode)
    {
        Raise(state, vector);
        state->FaultHasErrorCode = 1;
        state->FaultErrorCode = errorCode;
        return StepResult.Fault;
    }

    public static StepResult GeneralProtection(VcpuState* state, uint errorCode = 0) =>
        Raise(state, ExceptionVector.GeneralProtection, errorCode);

    public static StepResult InvalidOpcode(VcpuState* state) => Raise(state, ExceptionVector.InvalidOpcode);

    /// <param name="linear">Goes to CR2 when the fault is delivered.</param>
    /// <param name="errorCode">Intel SDM Vol. 3, figure 4-12.</param>
    public static void PageFault(VcpuState* state, ulong linear, uint errorCode)
    {
        Raise(state, ExceptionVector.PageFault, errorCode);
        state->FaultAddress = linear;
    }
}
