namespace Hearth.Storage.Qcow2;

/// <summary>What a new image is to be.</summary>
/// <param name="Size">Bytes; a multiple of 512.</param>
internal sealed record Qcow2Options(ulong Size)
{
    public uint Version { get; init; } = 3;

    public int ClusterBits { get; init; } = 16;

    public int RefcountOrder { get; init; } = 4;

    public bool LazyRefcounts { get; init; }

    /// <summary>For clusters that are compressed later.</summary>
    public Qcow2Compression Compression { get; init; }

    public string? BackingName { get; init; }

    public string? BackingFormat { get; init; }
}
