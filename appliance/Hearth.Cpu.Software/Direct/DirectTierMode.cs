namespace Hearth.Cpu.Software;

/// <summary>When user code runs directly, in a process of its own.</summary>
public enum DirectTierMode
{
    /// <summary>Where it has run long enough, and leaves seldom enough, to be worth it.</summary>
    Adaptive,

    /// <summary>Never: translated code only.</summary>
    Never,

    /// <summary>At every chance, whatever it costs: for tests.</summary>
    Always,
}
