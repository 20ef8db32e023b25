namespace Hearth.Cpu.Software;

/// <summary>How the interpretation of one instruction, or the delivery of one event, ended.</summary>
internal enum StepResult
{
    /// <summary>Done: <see cref="VcpuState.Rip"/> is the next instruction.</summary>
    Continue,

    /// <summary>The fault in <see cref="VcpuState.FaultVector"/> waits; the state is as before the instruction.</summary>
    Fault,

    /// <summary>HLT: <see cref="VcpuState.Rip"/> is the next instruction.</summary>
    Halt,

    /// <summary>Triple fault.</summary>
    Shutdown,

    /// <summary>The instruction is none of ours.</summary>
    Unsupported,
}
