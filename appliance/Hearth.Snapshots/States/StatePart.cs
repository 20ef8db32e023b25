namespace Hearth.Snapshots.States;

/// <summary>A file of a state beside its memory: a zstd frame.</summary>
/// <param name="Name">Its file's name.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Checksum">CRC-32C.</param>
internal sealed record StatePart(string Name, long Length, uint Checksum)
{
    /// <summary>Bytes that a part has at most before it is compressed.</summary>
    public const int MaximumContent = 1 << 28;
}
