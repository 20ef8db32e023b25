namespace Hearth.Cpu.Software;

/// <summary>What becomes of an instruction whose access missed the soft TLB.</summary>
internal enum AccessOutcome
{
    /// <summary>Generated code goes on at <see cref="VcpuState.ResumeAddress"/>.</summary>
    Resume,

    /// <summary>The instruction is complete; <see cref="VcpuState.Rip"/> is the next one.</summary>
    Leave,

    /// <summary>A fault is pending.</summary>
    Fault,

    /// <summary>The instruction begins again, alone: a data breakpoint watches its access.</summary>
    Step,

    /// <summary>The instruction begins again while no other vCPU runs: it locks what it accesses by way of a buffer.</summary>
    Exclusive,
}
