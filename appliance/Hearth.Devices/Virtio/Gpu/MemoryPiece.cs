namespace Hearth.Devices.Virtio.Gpu;

/// <summary>A piece of guest memory that belongs to a resource.</summary>
/// <param name="Offset">Bytes of the pieces before it.</param>
/// <param name="Address">Guest-physical.</param>
/// <param name="Length">Bytes, at least 1.</param>
internal readonly record struct MemoryPiece(ulong Offset, ulong Address, uint Length)
{
    /// <summary>Bytes it takes here.</summary>
    public const int Cost = 24;
}
