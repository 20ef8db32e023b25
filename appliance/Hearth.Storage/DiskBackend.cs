using Hearth.Machine;

namespace Hearth.Storage;

/// <summary>Opens a disk of whatever format for a guest.</summary>
public static class DiskBackend
{
    /// <param name="chain">Open files, the disk's own first; owned from now on, also when this fails.</param>
    /// <param name="isReadOnly">Refuses writes.</param>
    /// <param name="isRecognised">Nobody said what format it has; see <see cref="RawDiskImage"/>.</param>
    /// <returns>An <see cref="IDisposable"/> too.</returns>
    /// <exception cref="StorageException">It is damaged, of a kind that is not supported, or in use.</exception>
    public static IBlockBackend Open(IReadOnlyList<ChainFile> chain, bool isReadOnly, bool isRecognised)
    {
        ArgumentNullException.ThrowIfNull(chain);
        return chain[0].Format == DiskFormat.Qcow2
            ? new Qcow2DiskImage(chain, isReadOnly)
            : new RawDiskImage(chain[0].File, chain[0].Name, isReadOnly, guardsFormat: isRecognised);
    }
}
