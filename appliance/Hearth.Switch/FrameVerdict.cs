namespace Hearth.Switch;

/// <summary>What becomes of a frame.</summary>
public enum FrameVerdict
{
    /// <summary>It goes to one or more ports.</summary>
    Forwarded,

    /// <summary>Nobody is there to whom it could go.</summary>
    Unclaimed,

    /// <summary>Its station shares no LAN with the sender.</summary>
    KeptApart,

    /// <summary>It claims to be from a station that is not behind its port.</summary>
    Spoofed,

    /// <summary>It has not even both addresses and a type.</summary>
    Malformed,

    /// <summary>It is one for many stations, of which the port has sent too many.</summary>
    Storm,
}
