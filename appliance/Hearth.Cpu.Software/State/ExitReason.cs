namespace Hearth.Cpu.Software;

/// <summary>Why generated code returned to C#.</summary>
internal enum ExitReason : uint
{
    /// <summary>No translated code for <see cref="VcpuState.Rip"/> was found.</summary>
    Lookup,

    /// <summary>As <see cref="Lookup"/>, and the jump at <see cref="VcpuState.ResumeAddress"/> may be patched to the block.</summary>
    Chain,

    /// <summary>The instruction at <see cref="VcpuState.Rip"/> belongs to the interpreter.</summary>
    Interpret,

    /// <summary><see cref="VcpuState.Kick"/> was seen, or interrupts were enabled while one waits.</summary>
    Kicked,

    /// <summary>A load, store, or read-modify-write missed the soft TLB.</summary>
    SlowRead,
    SlowWrite,

    /// <summary>An access that went to <see cref="VcpuState.Bounce"/> is complete and its bytes go to memory now.</summary>
    Commit,

    /// <summary>A host signal (SIGFPE, SIGSEGV, SIGBUS) arrived in generated code.</summary>
    HostFault,

    /// <summary>The exception in <see cref="VcpuState.FaultVector"/> is to be delivered at <see cref="VcpuState.Rip"/>.</summary>
    Raise,
}
