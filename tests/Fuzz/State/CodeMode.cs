namespace Hearth.Fuzz.State;

/// <summary>The operating mode a program is written for; each is reachable by an ordinary Linux process.</summary>
internal enum CodeMode
{
    /// <summary>64-bit code (CS 0x33).</summary>
    Long,

    /// <summary>32-bit code with flat segments (CS 0x23).</summary>
    Protected32,

    /// <summary>16-bit code, data and stack in segments of the local descriptor table.</summary>
    Protected16,
}
