namespace Hearth.Cpu.Software;

/// <summary>The groups that <see cref="SystemInstructions"/> tells its instructions apart by.</summary>
internal enum SystemGroup : byte
{
    None,

    /// <summary>Moves of segment registers.</summary>
    Segment,

    /// <summary>Far transfers, interrupts, system calls, and the ways back.</summary>
    Transfer,
    Flags,

    /// <summary>Control, debug, model-specific and base registers.</summary>
    Registers,

    /// <summary>TLB, caches, HLT, identification, time, hypercalls.</summary>
    Machine,

    /// <summary>Descriptor table registers, and questions about selectors.</summary>
    Selectors,

    /// <summary>Instructions of features that no model promises, and those that are undefined on purpose: #UD.</summary>
    NotPromised,
}
