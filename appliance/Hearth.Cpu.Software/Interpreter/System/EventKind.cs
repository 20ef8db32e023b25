namespace Hearth.Cpu.Software;

/// <summary>What interrupts the program; decides about privilege checks, the EXT bit and double faults.</summary>
internal enum EventKind
{
    /// <summary>An exception that the processor found, traps such as single-step included.</summary>
    Fault,

    /// <summary>INT n, INT3, INTO: <see cref="VcpuState.Rip"/> is already the next instruction.</summary>
    SoftwareInterrupt,

    /// <summary>An interrupt of the local APIC or the PIC.</summary>
    External,

    Nmi,
}
