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
        // Each step has descriptors of its own, which share the lock of these: nobody comes between.
        IReadOnlyList<ChainFile> chain = DiskChain.Open(path, format, isReadOnly: false);
        try
        {
            using ImageFile file = OpenAgain(chain[0]);
            bool isRaw = chain[0].Format == DiskFormat.Raw;
            ulong old = isRaw ? (ulong)file.Length : Qcow2Header.Read(file).Size;
            if (size < old && !shrink)
                throw new StorageException($"The disk '{path}' has {old} bytes, and what is beyond {size} would be lost: say --shrink to have that.");
            if (size == 0 || size % Qcow2Layout.SectorLength != 0)
                throw new StorageException($"The disk '{path}' cannot have {size} bytes, which is no multiple of {Qcow2Layout.SectorLength}.");
            if (size > long.MaxValue / 2)
                throw new StorageException($"The disk '{path}' cannot have {size} bytes, which is too much.");
            if (isRaw)
            {
                file.SetLength((long)size);
                return;
            }

            Resize(
                () => new Qcow2Editor(OpenAgain(chain[0])),
                length => ImageLayers.Open([.. chain.Select(each => each with { File = each.File.Duplicate() })], isReadOnly: false, 1, length),
                old,
                size);
        }
        finally
        {
            DiskChain.Close(chain);
        }
    }

    /// <summary>Gives a qcow2 disk another size. One that grows is as it was or as it shall be wherever this is cut; one that shrinks loses first what is beyond.</summary>
    /// <param name="openImage">Opens it as a disk of so many bytes.</param>
    internal static void Resize(Func<Qcow2Editor> openEditor, Func<ulong, Qcow2Image> openImage, ulong from, ulong to)
    {
        // Refuses a size before anything is lost.
        Edit(openEditor, editor => editor.MakeRoom(to));

        // What the backing file has there was never on this disk.
        if (to != from)
            Clear(openImage, (long)Math.Min(from, to), (long)Math.Max(from, to));
        Edit(openEditor, editor => editor.Resize(to));
    }

    /// <param name="now">The time that the snapshot bears.</param>
    /// <exception cref="StorageException">The name is taken, or the image is missing, in use, damaged, or no qcow2 image.</exception>
    public static void CreateSnapshot(string path, string name, DateTimeOffset now) => Edit(path, editor => editor.Create(name, now));

    /// <exception cref="StorageException">There is no such snapshot, or the image is missing, in use, damaged, or no qcow2 image.</exception>
    public static void ApplySnapshot(string path, string name) => Edit(path, editor => editor.Apply(name));

    /// <inheritdoc cref="ApplySnapshot"/>
    public static void DeleteSnapshot(string path, string name) => Edit(path, editor => editor.Delete(name));

    private static ImageFile OpenAgain(ChainFile file) => new(new HostImageStore(file.File.Duplicate()), file.Name);

    private static void Edit(string path, Action<Qcow2Editor> change) => Edit(() => new Qcow2Editor(DiskInspection.Open(path, isReadOnly: false)), change);

    private static void Edit(Func<Qcow2Editor> open, Action<Qcow2Editor> change)
    {
        using Qcow2Editor editor = open();
        change(editor);
        editor.Close();
    }

    /// <summary>Makes a range read as zeros, and gives back what it takes.</summary>
    private static void Clear(Func<ulong, Qcow2Image> open, long from, long to)
    {
        using Qcow2Image image = open((ulong)to);
        using var scratch = new RequestScratch(0);
        image.Discard(scratch, from, to - from);
        image.WriteZeros(scratch, from, to - from);
        image.Close();
    }
}
