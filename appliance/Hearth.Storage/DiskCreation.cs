using System.Numerics;
using Hearth.Storage.Qcow2;

namespace Hearth.Storage;

/// <summary>Makes disks.</summary>
public static class DiskCreation
{
    /// <summary>Makes an empty disk, or one that has what its backing file has.</summary>
    /// <returns>Bytes of the disk.</returns>
    /// <exception cref="StorageException">It cannot be made; nothing is left behind.</exception>
    public static ulong Create(NewDisk disk)
    {
        ArgumentNullException.ThrowIfNull(disk);
        DiskFormat? backingFormat = disk.BackingFormat;
        ulong size = disk.Size ?? 0;
        if (disk.Backing is not null && !disk.IsBackingKnown)
        {
            if (disk.Format == DiskFormat.Raw)
                throw new StorageException($"{disk.Path} cannot be made: a raw disk has no backing file.");
            IReadOnlyList<ChainFile> chain = DiskChain.Open(DiskChain.Resolve(disk.Path, disk.Backing), backingFormat, isReadOnly: true);
            backingFormat = chain[0].Format;
            using IImageLayer layer = ImageLayers.OpenForReading(chain);
            size = disk.Size ?? layer.Length;
        }

        using var made = new NewImageFile(disk.Path);
        Write(made.File, disk, size, backingFormat);
        made.Publish();
        return size;
    }

    /// <summary>Writes an empty disk into an empty file.</summary>
    internal static void Write(ImageFile file, NewDisk disk, ulong size, DiskFormat? backingFormat)
    {
        if (disk.Format == DiskFormat.Qcow2)
            Qcow2Creator.Create(file, OptionsOf(disk, size, backingFormat));
        else if (size == 0 || size % Qcow2Layout.SectorLength != 0 || size > long.MaxValue)
            throw new StorageException($"{disk.Path} cannot be made: {size} bytes are no multiple of {Qcow2Layout.SectorLength}.");
        else
            file.SetLength((long)size);
    }

    private static Qcow2Options OptionsOf(NewDisk disk, ulong size, DiskFormat? backingFormat)
    {
        if (!BitOperations.IsPow2(disk.ClusterSize) || disk.ClusterSize is < 1 << Qcow2Layout.MinimumClusterBits or > 1 << Qcow2Layout.MaximumClusterBits)
            throw new StorageException($"{disk.Path} cannot be made: clusters of {disk.ClusterSize} bytes are no power of two between 512 bytes and 2 MiB.");
        if (!BitOperations.IsPow2(disk.RefcountBits) || disk.RefcountBits is < 1 or > 64)
            throw new StorageException($"{disk.Path} cannot be made: refcounts of {disk.RefcountBits} bits are no power of two between 1 and 64.");
        if (disk.Version is not (2 or 3))
            throw new StorageException($"{disk.Path} cannot be made: version {disk.Version} of the format is neither 2 nor 3.");
        return new Qcow2Options(size)
        {
            Version = (uint)disk.Version,
            ClusterBits = BitOperations.Log2((uint)disk.ClusterSize),
            RefcountOrder = BitOperations.Log2((uint)disk.RefcountBits),
            LazyRefcounts = disk.LazyRefcounts,
            Compression = disk.Zstd ? Qcow2Compression.Zstd : Qcow2Compression.Zlib,
            BackingName = disk.Backing,
            BackingFormat = backingFormat is { } format ? DiskFormatNames.NameOf(format) : null,
        };
    }
}
