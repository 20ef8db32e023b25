namespace Hearth.Cpu.Kvm;

/// <summary>What other threads want of a vCPU's thread.</summary>
[Flags]
internal enum VcpuRequests
{
    None = 0,

    /// <summary>Return from Run.</summary>
    Stop = 1,

    /// <summary>Look at the INTR pin.</summary>
    ExternalInterrupt = 2,
}
