using Hearth.Storage.Qcow2;

namespace Hearth.Storage;

/// <summary>Looks at disks, and repairs them.</summary>
public static class DiskInspection
{
    /// <summary>What an image says of itself, also while a guest uses it. Its backing file is not opened.</summary>
    /// <exception cref="StorageException">It is missing or damaged.</exception>
    public static DiskInfo Describe(string path, DiskFormat? format)
    {
        bool inUse = false;
        try
        {
            return Describe(path, format, ref inUse);
        }
        catch (StorageException) when (inUse)
        {
            // A guest leaves what is read here alone; somebody who changes the image does it once, and what was read may have been of two moments.
            return Describe(path, format, ref inUse);
        }
    }

    /// <summary>What the header of a qcow2 image says, also while a guest writes to it: a header does not change then. Nothing is locked or waited for.</summary>
    /// <exception cref="StorageException">It is missing, no qcow2 image, or damaged.</exception>
    public static DiskHeader ReadHeader(string path)
    {
        using var file = new ImageFile(new HostImageStore(DiskChain.OpenFile(path, isReadOnly: true)), path);
        Qcow2Header header = Qcow2Header.Read(file);
        return new DiskHeader(header.Size, header.BackingName);
    }

    /// <summary>Compares an image's tables with its refcounts.</summary>
    /// <param name="repair">Puts right what can be without losing data.</param>
    /// <param name="progress">Told the share that is done.</param>
    /// <exception cref="StorageException">It is missing, in use, no qcow2 image, or its header is damaged.</exception>
    public static CheckReport Check(string path, bool repair, IProgress<double>? progress)
    {
        using ImageFile file = Open(path, isReadOnly: !repair);
        var checker = new Qcow2Checker(file, Qcow2Header.Read(file), progress);
        return repair ? checker.Repair() : checker.Check();
    }

    internal static bool IsQcow2(ImageFile file, DiskFormat? format)
    {
        if (format is { } said)
            return said == DiskFormat.Qcow2;
        var start = new byte[Math.Min(file.Length, sizeof(uint))];
        file.Read(start, 0);
        if (Qcow2Header.HasMagic(start))
            return true;
        ForeignFormat.RequireNone(file);
        return false;
    }

    /// <summary>Opens and locks one file.</summary>
    internal static ImageFile Open(string path, bool isReadOnly)
    {
        ChainFile one = DiskChain.OpenOne(path, DiskFormat.Raw, isReadOnly);
        return new ImageFile(new HostImageStore(one.File), path);
    }

    private static DiskInfo Describe(string path, DiskFormat? format, ref bool inUse)
    {
        using var file = new ImageFile(new HostImageStore(DiskChain.OpenFile(path, isReadOnly: true)), path);
        inUse = !file.TryLock(exclusive: false);
        if (file.Length == 0)
            throw new StorageException($"The disk '{path}' is empty: it has no bytes.");
        var info = new DiskInfo
        {
            File = path,
            Format = DiskFormatNames.NameOf(DiskFormat.Raw),
            VirtualSize = (ulong)file.Length,
            FileLength = file.Length,
            HostUsage = file.MeasureUsage(),
            InUse = inUse,
        };
        if (!IsQcow2(file, format))
            return info;
        Qcow2Header header = Qcow2Header.Read(file);
        return info with
        {
            Format = DiskFormatNames.NameOf(DiskFormat.Qcow2),
            VirtualSize = header.Size,
            Version = header.Version,
            ClusterSize = header.ClusterLength,
            RefcountBits = header.RefcountBits,
            Compression = header.Compression == Qcow2Compression.Zstd ? "zstd" : "zlib",
            LazyRefcounts = header.HasLazyRefcounts,
            Dirty = header.IsDirty,
            Corrupt = header.IsCorrupt,
            BackingFile = header.BackingName,
            BackingFormat = header.BackingFormat,
            Snapshots = [.. Qcow2SnapshotTable.Read(file, header).Snapshots.Select(Describe)],
        };
    }

    private static SnapshotInfo Describe(Qcow2Snapshot snapshot) => new(
        snapshot.Id,
        snapshot.Name,
        DateTimeOffset.FromUnixTimeSeconds(snapshot.Seconds).AddTicks(snapshot.Nanoseconds / 100),
        snapshot.DiskSize,
        snapshot.VmStateLength);
}
