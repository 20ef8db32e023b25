namespace Hearth.Storage;

/// <summary>What a check of an image has found.</summary>
public sealed record CheckReport
{
    /// <summary>Sentences without a full stop, the first of each kind of damage and no more than a screen shows.</summary>
    public required IReadOnlyList<string> Findings { get; init; }

    /// <summary>Damage that endangers data and is still there.</summary>
    public required long Errors { get; init; }

    /// <summary>Clusters that nothing refers to and that are counted as in use: room that is lost, no data.</summary>
    public required long Leaks { get; init; }

    public long ErrorsFixed { get; init; }

    public long LeaksFixed { get; init; }

    /// <summary>Clusters of the disk that have data of their own in this file.</summary>
    public required long AllocatedClusters { get; init; }

    /// <summary>Of these, compressed ones.</summary>
    public required long CompressedClusters { get; init; }

    /// <summary>Clusters of the disk.</summary>
    public required long TotalClusters { get; init; }

    public bool IsClean => Errors == 0 && Leaks == 0;
}
