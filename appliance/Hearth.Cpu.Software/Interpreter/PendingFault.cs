namespace Hearth.Cpu.Software;

/// <summary>Notes the fault that the instruction at <see cref="VcpuState.Rip"/> raised, for the event delivery to find.</summary>
/// <remarks>Every method returns <see cref="StepResult.Fault"/>, so that an instruction can return it in turn.</remarks>
internal static unsafe class PendingFault
{
    /// <summary>A fault without an error code: #DE, #UD, #NM, #MF, #XM, #BR.</summary>
    public static StepResult Set(VcpuState* state, byte vector)
    {
        state->FaultPending = 1;
        state->FaultVector = vector;
        state->FaultHasErrorCode = 0;
        state->FaultErrorCode = 0;
        state->FaultAddress = 0;
        return StepResult.Fault;
    }

    /// <summary>A fault with an error code: #GP, #SS, #NP, #TS, #AC, #PF.</summary>
    public static StepResult Set(VcpuState* state, byte vector, uint errorCode)
    {
        Set(state, vector);
        state->FaultHasErrorCode = 1;
        state->FaultErrorCode = errorCode;
        return StepResult.Fault;
    }

    /// <summary>#UD.</summary>
    public static StepResult InvalidOpcode(VcpuState* state) => Set(state, ExceptionVector.InvalidOpcode);

    /// <summary>#GP with a selector's error code, or 0.</summary>
    public static StepResult GeneralProtection(VcpuState* state, uint errorCode = 0) =>
        Set(state, ExceptionVector.GeneralProtection, errorCode);

    /// <summary>#PF.</summary>
    /// <param name="linear">Goes to CR2 when the fault is delivered.</param>
    /// <param name="errorCode">In the form of Intel SDM Vol. 3, figure 4-12.</param>
    public static StepResult PageFault(VcpuState* state, ulong linear, uint errorCode)
    {
        Set(state, ExceptionVector.PageFault, errorCode);
        state->FaultAddress = linear;
        return StepResult.Fault;
    }
}
