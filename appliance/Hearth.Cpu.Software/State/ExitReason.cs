namespace Hearth.Cpu.Software;

/// <summary>Why generated code returned to C#.</summary>
internal enum ExitReason : uint
{
    /// <summary>
    /// No translated code is known for the instruction pointer in <see cref="VcpuState.AccessAddress"/>; the branch that leads
    /// there is described in <see cref="VcpuState.ExitDetail"/> (see BranchDetail).
    /// </summary>
    LookupTarget,

    /// <summary>A jump led to a block that is gone, for the instruction pointer in <see cref="VcpuState.AccessAddress"/>.</summary>
    Dead,

    /// <summary>The branch at the page offset in <see cref="VcpuState.ExitDetail"/> raises #GP for its target.</summary>
    BadTarget,

    /// <summary>Goes on at the page offset in <see cref="VcpuState.ExitDetail"/>.</summary>
    LookupOffset,

    /// <summary>As <see cref="LookupOffset"/>, for the <see cref="ChainDetail"/> that <see cref="VcpuState.ResumeAddress"/> leads to: the jump may be patched.</summary>
    Chain,

    /// <summary>The kept instruction whose number is in <see cref="VcpuState.ExitDetail"/> belongs to C#.</summary>
    Interpret,

    /// <summary><see cref="VcpuState.Kick"/> was seen, or interrupts were enabled while one waits; as <see cref="LookupOffset"/>.</summary>
    Kicked,

    /// <summary>The access that the code tells of behind <see cref="VcpuState.ResumeAddress"/> (see AccessDetail) missed the soft TLB.</summary>
    Slow,

    /// <summary>An access that went to <see cref="VcpuState.Bounce"/> is complete and its bytes go to memory now.</summary>
    Commit,

    /// <summary>A host signal (SIGFPE, SIGSEGV, SIGBUS) arrived in generated code.</summary>
    HostFault,
}
