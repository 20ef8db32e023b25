namespace Hearth.Cpu;

public enum VcpuExitReason
{
    /// <summary>Somebody called <see cref="IVcpu.Kick"/>.</summary>
    Kicked,

    /// <summary>Triple fault: the processor shut down (Intel SDM Vol. 3, section 6.15, #DF).</summary>
    Shutdown,

    /// <summary>The guest needs something the engine does not do; <see cref="VcpuExit.Detail"/> says what.</summary>
    Unsupported,

    /// <summary>The engine or its host failed; <see cref="VcpuExit.Detail"/> says how.</summary>
    HostFault,
}

/// <summary>Why <see cref="IVcpu.Run"/> returned.</summary>
/// <param name="Detail">One sentence for the report; empty for a kick.</param>
public readonly record struct VcpuExit(VcpuExitReason Reason, string Detail = "");
