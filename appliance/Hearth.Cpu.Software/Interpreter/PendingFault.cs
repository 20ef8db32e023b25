namespace Hearth.Cpu.Software;

/// <summary>Notes the fault that the instruction at <see cref="VcpuState.Rip"/> raised, for the event delivery to find.</summary>
internal static unsafe class PendingFault
{
    /// <summary>A fault without an error code: #DE, #UD, #NM, #MF, #XM, #BR.</summary>
    public static void Set(VcpuState* state, byte vector)
    {
        state->FaultPending = 1;
        state->FaultVector = vector;
        state->FaultHasErrorCode = 0;
        state->FaultErrorCode = 0;
    }

    /// <summary>A fault with an error code: #GP, #SS, #NP, #TS, #AC, #PF.</summary>
    public static void Set(VcpuState* state, byte vector, uint errorCode)
    {
        state->FaultPending = 1;
        state->FaultVector = vector;
        state->FaultHasErrorCode = 1;
        state->FaultErrorCode = errorCode;
    }
}
