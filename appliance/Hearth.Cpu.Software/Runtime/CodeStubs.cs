namespace Hearth.Cpu.Software;

/// <summary>The addresses of the shared pieces of machine code that blocks end in.</summary>
internal readonly unsafe struct CodeStubs
{
    /// <summary>The JMP rel32 between a return address and the dword that belongs to the call: <see cref="AccessDetail"/>, or the offset of the next instruction.</summary>
    public const int DetailOffset = 5;

    /// <summary>Called on a TLB miss: the return address is where the access goes on; behind the <see cref="AccessDetail"/> its bounced form begins.</summary>
    public byte* Slow { get; init; }

    /// <summary>Called after a bounced write.</summary>
    public byte* Commit { get; init; }

    /// <summary>Called by an unpatched jump; the return address holds a <see cref="ChainDetail"/> and the number of the physical page it lies in.</summary>
    public byte* Chain { get; init; }

    /// <summary>Jumped to with the instruction pointer to go on at in R14 and the branch in <see cref="VcpuState.ExitDetail"/>.</summary>
    public byte* LookupTarget { get; init; }

    /// <summary>As <see cref="LookupTarget"/>, for a return that has popped already.</summary>
    public byte* ReturnMismatch { get; init; }

    /// <summary>What the lowest frame of a return stack returns to.</summary>
    public byte* ReturnBottom { get; init; }

    /// <summary>As <see cref="LookupTarget"/>, always to C#.</summary>
    public byte* LeaveForTarget { get; init; }

    /// <summary>What the far entries of blocks that are gone jump to, with the instruction pointer in R14.</summary>
    public byte* Dead { get; init; }

    /// <summary>Jumped to with the page offset of a branch that faults.</summary>
    public byte* BadTarget { get; init; }

    /// <summary>Jumped to with the page offset to go on at in <see cref="VcpuState.ExitDetail"/>.</summary>
    public byte* LookupOffset { get; init; }

    /// <summary>As <see cref="LookupOffset"/>, because of a kick.</summary>
    public byte* Kick { get; init; }

    /// <summary>Jumped to with the number of a kept instruction in <see cref="VcpuState.ExitDetail"/>.</summary>
    public byte* Interpret { get; init; }

    /// <summary>As <see cref="Interpret"/>, for instructions that machine code executes where it can: see <see cref="TransitionStubs"/>.</summary>
    public byte* SystemCall { get; init; }

    /// <inheritdoc cref="SystemCall"/>
    public byte* SystemReturn { get; init; }

    /// <inheritdoc cref="SystemCall"/>
    public byte* InterruptReturn { get; init; }

    /// <summary>Where the signal handler sends a thread that faulted in generated code.</summary>
    public byte* HostFault { get; init; }

    /// <summary>Enters generated code at <see cref="VcpuState.ResumeAddress"/>; returns when it exits.</summary>
    public delegate* unmanaged<VcpuState*, void> Enter { get; init; }

    /// <summary>Loads x87 and MMX from <see cref="VcpuState.X87"/>, and saves them there.</summary>
    public delegate* unmanaged<VcpuState*, void> LoadX87 { get; init; }

    /// <inheritdoc cref="LoadX87"/>
    public delegate* unmanaged<VcpuState*, void> SaveX87 { get; init; }
}
