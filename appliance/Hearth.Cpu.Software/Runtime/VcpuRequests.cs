namespace Hearth.Cpu.Software;

/// <summary>What other threads ask of a vCPU.</summary>
[Flags]
internal enum VcpuRequests
{
    None = 0,

    /// <summary>Return from Run.</summary>
    Stop = 1 << 0,
    Nmi = 1 << 1,
    Init = 1 << 2,
    StartUp = 1 << 3,

    /// <summary>The local APIC may have something to deliver.</summary>
    Interrupt = 1 << 4,

    /// <summary>Another vCPU wants to run alone.</summary>
    StepAside = 1 << 5,

    /// <summary>Device memory is elsewhere: drop what was translated to its old place.</summary>
    Flush = 1 << 6,

    /// <summary>What a processor remembers until it can act on it.</summary>
    Signals = Nmi | Init | StartUp,
}
