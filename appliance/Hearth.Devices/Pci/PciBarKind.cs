namespace Hearth.Devices.Pci;

/// <summary>What a base address register decodes (PCI 3.0, section 6.2.5.1).</summary>
public enum PciBarKind
{
    Io,
    Memory32,

    /// <summary>Reading it has no effect: memory rather than registers.</summary>
    PrefetchableMemory32,

    /// <summary>Takes two registers; may lie anywhere.</summary>
    Memory64,
}
