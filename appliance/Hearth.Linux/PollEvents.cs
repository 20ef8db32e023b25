namespace Hearth.Linux;

/// <summary>What a descriptor is waited for, and what it is ready for (epoll_ctl(2)).</summary>
[Flags]
public enum PollEvents : uint
{
    None = 0,
    Readable = 0x1,
    Writable = 0x4,

    /// <summary>Always waited for.</summary>
    Failed = 0x8,

    /// <summary>Both directions are at their end; always waited for.</summary>
    HungUp = 0x10,

    /// <summary>The other side of a stream sends no more.</summary>
    PeerEnded = 0x2000,

    /// <summary>Told once, then not until it is asked for again.</summary>
    Once = 1U << 30,
}
