namespace Hearth.Cpu;

/// <summary>What a vCPU does when it is run.</summary>
public enum VcpuActivity
{
    Running,

    /// <summary>HLT: until an unmasked interrupt, NMI, INIT or reset.</summary>
    Halted,

    /// <summary>An application processor after INIT.</summary>
    WaitForSipi,

    /// <summary>Triple fault: until INIT, NMI or reset.</summary>
    Shutdown,
}
