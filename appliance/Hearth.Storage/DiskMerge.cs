using Hearth.Linux;
using Hearth.Storage.Qcow2;

namespace Hearth.Storage;

/// <summary>Makes one of two files of a chain that lie on top of one another, while others read through both.</summary>
public static class DiskMerge
{
    private const int PieceLength = 1 << 20;

    /// <summary>
    /// Writes what the upper file has into the lower one, which then takes its name. Whoever has both open goes on reading: what changes in the lower one is what the upper one hides.
    /// Wherever it is cut, the chain through the upper name reads as before.
    /// </summary>
    /// <param name="upper">A qcow2 file that nobody writes to any more.</param>
    /// <param name="lower">The file below it, of the same size and with the same clusters; nobody else needs it as it is.</param>
    /// <param name="isWanted">Somebody waits for the guest: the merging gives way, and begins anew when it is called again.</param>
    /// <returns>False where it gave way: the files are two still.</returns>
    /// <exception cref="StorageException">They are no such files, somebody writes to one, one is damaged, or the host's disk failed.</exception>
    public static bool IntoBelow(string upper, string lower, Func<bool> isWanted)
    {
        ArgumentNullException.ThrowIfNull(isWanted);
        using Qcow2Image from = Open(upper, isReadOnly: true);
        using Qcow2Image to = Open(lower, isReadOnly: false);
        if (from.Length != to.Length || from.Header.ClusterBits != to.Header.ClusterBits)
            throw new StorageException($"'{upper}' cannot become one with '{lower}': they have different sizes.");
        bool isWhole = TryCopy(from, to, isWanted);
        to.Close();
        if (isWhole)
            TakeName(upper, lower);
        return isWhole;
    }

    private static void TakeName(string upper, string lower)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(upper)) ?? "/";
        try
        {
            File.Move(lower, upper, overwrite: true);
            using FileDescriptor directory = FileDescriptor.Open(folder, FileAccessMode.Directory);
            directory.Synchronize();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or LinuxException)
        {
            throw new StorageException($"'{lower}' cannot take the name of '{upper}': {error.Message.TrimEnd('.')}.", error);
        }
    }

    private static bool TryCopy(Qcow2Image from, Qcow2Image to, Func<bool> isWanted)
    {
        using var reading = new RequestScratch(0);
        using var writing = new RequestScratch(0);
        Memory<byte>[] piece = [new byte[PieceLength]];
        for (long offset = 0; offset < (long)from.Length;)
        {
            if (isWanted())
                return false;
            Extent extent = from.Find(offset, Math.Min(PieceLength, (long)from.Length - offset));
            if (extent.Kind == ExtentKind.Zero)
            {
                to.WriteZeros(writing, offset, extent.Length);
            }
            else if (extent.Kind != ExtentKind.Unallocated)
            {
                var window = new BufferWindow(piece, 0, extent.Length);
                from.Read(reading, window, offset);
                to.Write(writing, window, offset);
            }

            offset += extent.Length;
        }

        return true;
    }

    /// <summary>
    /// Opens one with a lock that is kept until it has its name, and a shared one, although the lower is written to: those who read through it have shared ones (layers below a guest's
    /// top that are sealed), and may. Who has an exclusive one writes to it, or has tables of it in memory that are not in the file yet: then nothing is merged.
    /// </summary>
    private static Qcow2Image Open(string path, bool isReadOnly) =>
        new(ImageLayers.OpenFile(new ChainFile(DiskChain.OpenFile(path, isReadOnly), path, DiskFormat.Qcow2), exclusive: false), new HiddenLayer(), isReadOnly, 1);

    /// <summary>What lies below: whole clusters are copied, so it is never read; but it is there, so that zeros are written as such.</summary>
    private sealed class HiddenLayer : IImageLayer
    {
        public ulong Length => ulong.MaxValue;

        public void Read(RequestScratch scratch, BufferWindow to, long offset) => to.Clear();

        public bool TryReadCached(ReadOnlyMemory<Memory<byte>> to, long length, long offset) => false;

        public void Dispose()
        {
        }
    }
}
