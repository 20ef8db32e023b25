using Hearth.Storage.Qcow2;

namespace Hearth.Storage;

/// <summary>Changes disks that no guest runs on.</summary>
public static class DiskChanges
{
    /// <summary>Gives a disk another size.</summary>
    /// <param name="size">Bytes.</param>
    /// <param name="shrink">Allows a smaller one; what is beyond it is lost.</param>
    /// <exception cref="StorageException">It is missing, in use or damaged, or cannot have that size.</exception>
    public static void Resize(string path, DiskFormat? format, ulong size, bool shrink)
    {
        DiskInfo info = DiskInspection.Describe(path, format);
        if (size < info.VirtualSize && !shrink)
            throw new StorageException($"The disk '{path}' has {info.VirtualSize} bytes, and what is beyond {size} would be lost: say --shrink to have that.");
        if (size == 0 || size % Qcow2Layout.SectorLength != 0 || size > long.MaxValue / 2)
            throw new StorageException($"The disk '{path}' cannot have {size} bytes, which is no multiple of {Qcow2Layout.SectorLength}.");
        if (info.Version is null)
        {
            using ImageFile raw = DiskInspection.Open(path, isReadOnly: false);
            raw.SetLength((long)size);
            return;
        }

        if (size < info.VirtualSize)
            Clear(path, (long)size, (long)info.VirtualSize);
        using (var editor = new Qcow2Editor(DiskInspection.Open(path, isReadOnly: false)))
        {
            editor.Resize(size);
            editor.Close();
        }

        // What the backing file has there was never on this disk.
        if (size > info.VirtualSize && info.BackingFile is not null)
            Clear(path, (long)info.VirtualSize, (long)size);
    }

    /// <param name="now">The time that the snapshot bears.</param>
    /// <exception cref="StorageException">The name is taken, or the image is missing, in use, damaged, or no qcow2 image.</exception>
    public static void CreateSnapshot(string path, string name, DateTimeOffset now) => Edit(path, editor => editor.Create(name, now));

    /// <exception cref="StorageException">There is no such snapshot, or the image is missing, in use, damaged, or no qcow2 image.</exception>
    public static void ApplySnapshot(string path, string name) => Edit(path, editor => editor.Apply(name));

    /// <inheritdoc cref="ApplySnapshot"/>
    public static void DeleteSnapshot(string path, string name) => Edit(path, editor => editor.Delete(name));

    private static void Edit(string path, Action<Qcow2Editor> change)
    {
        using var editor = new Qcow2Editor(DiskInspection.Open(path, isReadOnly: false));
        change(editor);
        editor.Close();
    }

    /// <summary>Makes a range read as zeros, and gives back what it takes.</summary>
    private static void Clear(string path, long from, long to)
    {
        using Qcow2Image image = ImageLayers.Open(DiskChain.Open(path, DiskFormat.Qcow2, isReadOnly: false), isReadOnly: false, 1);
        using var scratch = new RequestScratch(0);
        image.Discard(scratch, from, to - from);
        image.WriteZeros(scratch, from, to - from);
        image.Close();
    }
}
