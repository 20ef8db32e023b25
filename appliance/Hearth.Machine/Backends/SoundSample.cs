namespace Hearth.Machine;

/// <summary>How a sample is stored, little-endian.</summary>
public enum SoundSample
{
    /// <summary>16 bits.</summary>
    Signed16,

    /// <summary>32 bits of which the upper 24 count.</summary>
    Signed24,

    /// <summary>32 bits.</summary>
    Signed32,

    /// <summary>IEEE 754, 32 bits, -1 to 1.</summary>
    Floating,
}
