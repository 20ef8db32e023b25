namespace Hearth.Protocol;

/// <summary>What <c>hearth-vm probe</c> finds out of the CPU engines on this host, and writes to its standard output.</summary>
public sealed record EngineReport
{
    public const int CurrentVersion = 1;

    /// <inheritdoc cref="GuestConfiguration.Version"/>
    public int Version { get; init; } = CurrentVersion;

    public required KvmReport Kvm { get; init; }

    /// <summary>Why the software engine runs nothing on this processor, a sentence without a full stop; null when it does.</summary>
    public string? SoftwareRefusal { get; init; }

    /// <summary>Every model, the plainest first.</summary>
    public required IReadOnlyList<ModelReport> Models { get; init; }

    /// <summary>The model that a guest has under <c>--engine auto</c> when none is asked for.</summary>
    public required string DefaultModel { get; init; }
}
