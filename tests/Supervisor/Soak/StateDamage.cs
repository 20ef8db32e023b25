namespace Hearth.Supervisor.Tests.Soak;

/// <summary>What is wrong with the files of a state.</summary>
public enum StateDamage
{
    /// <summary>A bit of what processors and devices had.</summary>
    Machine,

    /// <summary>A bit in each page of memory that came with it.</summary>
    Pages,

    /// <summary>A bit of the file that says what it consists of.</summary>
    Manifest,

    /// <summary>A bit at the beginning of the disk that goes with it.</summary>
    Layer,

    /// <summary>A later version of Hearth wrote it.</summary>
    Version,
}
