namespace Hearth.Machine;

/// <summary>A stream of sound between a device and the host.</summary>
/// <remarks>
/// <code>
/// stopped ── Start (format) ──► running ── Write or Read, as time passes ──► running
///    ▲────────── Stop ─────────────┘
/// </code>
/// The device moves frames as the machine's clock goes, corrected by <see cref="Drift"/>; the host's card takes them from a ring by a
/// clock of its own. Where no card does, the machine's clock alone is the pace. All calls come with the device's lock held: they never wait,
/// never call back, and allocate nothing but in <see cref="Start"/>.
/// </remarks>
public interface ISoundStream
{
    /// <summary>How much faster the host's card goes than the machine's clock, in parts per million; zero where none does.</summary>
    int Drift { get; }

    /// <summary>Begins a run of frames; one that had begun ends.</summary>
    void Start(in SoundFormat format);

    void Stop();
}
