using Hearth.Storage.Qcow2;

namespace Hearth.Storage;

/// <summary>Copies what a disk has into a new image of its own, without backing files and snapshots.</summary>
public static class DiskConversion
{
    private const int PieceLength = 2 << 20;

    /// <param name="sourceFormat">Null to recognise it.</param>
    /// <param name="target">Its size is the source's.</param>
    /// <param name="progress">Told the share that is done.</param>
    /// <returns>Bytes that are no zeros, and were copied.</returns>
    /// <exception cref="StorageException">The source is missing, in use or damaged, or the target cannot be made; nothing is left behind.</exception>
    public static long Convert(string source, DiskFormat? sourceFormat, NewDisk target, IProgress<double>? progress)
    {
        ArgumentNullException.ThrowIfNull(target);
        using IImageLayer from = ImageLayers.OpenForReading(DiskChain.Open(source, sourceFormat, isReadOnly: true));
        ulong size = (from.Length + Qcow2Layout.SectorLength - 1) & ~(ulong)(Qcow2Layout.SectorLength - 1);
        using var made = new NewImageFile(target.Path);
        DiskCreation.Write(made.File, target, size, null);
        using var scratch = new RequestScratch(0);
        long copied;
        if (target.Format == DiskFormat.Raw)
        {
            copied = Copy(from, scratch, (piece, offset) => made.File.Write(piece, offset), progress);
        }
        else
        {
            using var to = new Qcow2Image(made.Share(), null, isReadOnly: false, 1);
            using var writing = new RequestScratch(0);
            copied = Copy(from, scratch, (piece, offset) => to.Write(writing, new BufferWindow(new[] { piece }, 0, piece.Length), offset), progress);
            to.Close();
        }

        made.Publish();
        return copied;
    }

    /// <summary>Has another program write a new image, which gets its name when that is done.</summary>
    /// <param name="write">Gets a path to write to.</param>
    /// <exception cref="StorageException">The target cannot be made; nothing is left behind, as when <paramref name="write"/> fails.</exception>
    public static void Receive(string target, Action<string> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        using var made = new NewImageFile(target);
        write(made.PathForOthers);
        made.Publish();
    }

    private static long Copy(IImageLayer from, RequestScratch scratch, Action<Memory<byte>, long> write, IProgress<double>? progress)
    {
        Memory<byte> buffer = new byte[PieceLength];
        long copied = 0;
        for (long offset = 0; offset < (long)from.Length; offset += PieceLength)
        {
            Memory<byte> piece = buffer[..(int)Math.Min(PieceLength, (long)from.Length - offset)];
            from.Read(scratch, scratch.WindowOf(piece), offset);
            copied += WriteData(piece, offset, write);
            progress?.Report((double)offset / from.Length);
        }

        return copied;
    }

    /// <summary>Writes what is no zeros, in blocks of a page.</summary>
    private static long WriteData(Memory<byte> piece, long offset, Action<Memory<byte>, long> write)
    {
        const int Block = 4096;
        long copied = 0;
        for (int at = 0; at < piece.Length;)
        {
            int end = at;
            while (end < piece.Length && piece.Span[end..Math.Min(end + Block, piece.Length)].ContainsAnyExcept((byte)0))
                end = Math.Min(end + Block, piece.Length);
            if (end > at)
                write(piece[at..end], offset + at);
            copied += end - at;
            at = Math.Max(end, at + Block);
        }

        return copied;
    }
}
