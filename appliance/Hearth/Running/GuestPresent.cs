using Hearth.House;

namespace Hearth.Running;

/// <summary>What is kept of a guest beside its definition and its states, so that whoever comes next knows how it was.</summary>
internal sealed record GuestPresent
{
    /// <summary>All disks that it ever wrote to, those it does not have now, too.</summary>
    public IReadOnlyList<DiskRecord> Disks { get; init; } = [];

    /// <summary>All layers of them.</summary>
    public IReadOnlyList<LayerRecord> Layers { get; init; } = [];

    /// <summary>The disks that its process was started with.</summary>
    public IReadOnlyList<AttachedDisk> Attached { get; init; } = [];

    /// <summary>What was on its disks before it was brought back to a state without having been saved: kept for a while, the newest first.</summary>
    public IReadOnlyList<IReadOnlyList<DiskRecord>> GivenUp { get; init; } = [];

    /// <summary>The state that the guest was stopped by; 0 where it boots when it starts.</summary>
    public long Saved { get; init; }

    /// <summary>Its process (<see cref="Linux.Jail.ProcessIdentity"/>); null when it has none.</summary>
    public string? Process { get; init; }

    /// <summary>What the guest was when it booted: its processors and devices stay as its system found them, through saved states too, whatever it is to be at its next boot. Null where it never ran.</summary>
    public GuestDefinition? Machine { get; init; }

    /// <summary>Pages of memory that the process has.</summary>
    public long Pages { get; init; }

    /// <summary>The state that the running guest counts its changes from; 0 for none.</summary>
    public long Base { get; init; }

    /// <summary>When the guest was started last by somebody: states before that are not what a crash goes back to.</summary>
    public DateTimeOffset Started { get; init; }

    /// <summary>Somebody paused it.</summary>
    public bool IsPaused { get; init; }

    /// <summary>It ended by itself too often, and is left alone.</summary>
    public bool HasCrashed { get; init; }
}
