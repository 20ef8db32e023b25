using System.Globalization;
using Hearth.Linux;
using Hearth.Storage.Qcow2;

namespace Hearth.Storage;

/// <summary>Finds, opens and locks all the files of a disk: the one that the user names, and what the headers name below it.</summary>
public static class DiskChain
{
    /// <summary>Longer chains are a mistake, or a loop that goes by many names.</summary>
    private const int MaximumDepth = 64;

    /// <param name="format">What the user says it is; null to recognise it.</param>
    /// <returns>The files, open and locked; the caller's to close.</returns>
    /// <exception cref="StorageException">A file is missing, in use or damaged, or the chain has a loop.</exception>
    public static IReadOnlyList<ChainFile> Open(string path, DiskFormat? format, bool isReadOnly)
    {
        var chain = new List<ChainFile>();
        try
        {
            var seen = new SeenFiles(path);
            chain.Add(OpenOne(path, format, isReadOnly, seen));
            while (chain[^1].Format == DiskFormat.Qcow2 && ReadHeader(chain[^1]) is { BackingName: { } backing } header)
            {
                chain.Add(OpenBacking(chain[^1].Name, backing, header.BackingFormat, seen));
                if (chain.Count > MaximumDepth)
                    throw new StorageException($"The disk '{path}' has more than {MaximumDepth} backing files.");
            }

            return chain;
        }
        catch
        {
            Close(chain);
            throw;
        }
    }

    /// <summary>Opens a chain whose upper files are known: no header says what is opened, for whoever wrote to the images may have written one. The lowest is as <see cref="Open"/> has it.</summary>
    /// <param name="layers">qcow2 files, the top one first.</param>
    /// <param name="path">What lies below them.</param>
    /// <param name="format">Of that; null to recognise it.</param>
    /// <param name="isReadOnly">Of the top one; nothing below is written to.</param>
    /// <inheritdoc cref="Open"/>
    public static IReadOnlyList<ChainFile> OpenLayers(IReadOnlyList<string> layers, string path, DiskFormat? format, bool isReadOnly)
    {
        ArgumentNullException.ThrowIfNull(layers);
        var chain = new List<ChainFile>();
        try
        {
            for (int i = 0; i < layers.Count; i++)
            {
                string below = i + 1 < layers.Count ? layers[i + 1] : path;
                chain.Add(OpenOne(layers[i], DiskFormat.Qcow2, isReadOnly || i > 0));
                if (ReadHeader(chain[i]).BackingName is not { } named || Path.GetFullPath(Resolve(layers[i], named)) != Path.GetFullPath(below))
                    throw new StorageException($"The disk '{layers[i]}' does not lie on '{below}', as it should.");
            }

            chain.AddRange(Open(path, format, isReadOnly: true));
            return chain;
        }
        catch
        {
            Close(chain);
            throw;
        }
    }

    /// <summary>Closes files that nobody has taken over.</summary>
    public static void Close(IEnumerable<ChainFile> chain)
    {
        ArgumentNullException.ThrowIfNull(chain);
        foreach (ChainFile file in chain)
            file.File.Dispose();
    }

    /// <summary>Where a name in a header points: relative ones begin at the folder of the image that has it.</summary>
    internal static string Resolve(string image, string backing)
    {
        if (backing.StartsWith("json:", StringComparison.Ordinal) || (backing.IndexOf(':', StringComparison.Ordinal) is > 0 and var colon && !backing[..colon].Contains('/', StringComparison.Ordinal)))
            throw new StorageException($"The disk '{image}' has a backing file that is no path: '{backing}'.");
        return Path.IsPathRooted(backing) ? backing : Path.Combine(Path.GetDirectoryName(image) ?? "", backing);
    }

    private static ChainFile OpenBacking(string image, string backing, string? formatName, SeenFiles seen)
    {
        string path = Resolve(image, backing);
        DiskFormat? format = formatName is null ? null : DiskFormatNames.Find(formatName)
            ?? throw new StorageException($"The disk '{image}' has a backing file of the format '{formatName}', which is not supported: convert it with `hearth disk convert`.");
        if (!Path.Exists(path))
            throw new StorageException($"The disk '{image}' needs the backing file '{path}', which is missing.");
        ChainFile below = OpenOne(path, format, isReadOnly: true, seen);
        if (formatName is not null || below.Format != DiskFormat.Qcow2)
            return below;

        // What looks like an image without anybody saying so may be a raw disk in which a guest wrote a header: it must not open further files.
        try
        {
            if (ReadHeader(below).BackingName is not null)
                throw new StorageException($"The disk '{image}' does not say what format its backing file '{path}' has, and that looks like qcow2 and names a file of its own: say it with `qemu-img rebase -u -F qcow2`.");
            return below;
        }
        catch
        {
            below.File.Dispose();
            throw;
        }
    }

    /// <summary>Opens and locks one file.</summary>
    /// <param name="seen">The files above it in the chain.</param>
    internal static ChainFile OpenOne(string path, DiskFormat? format, bool isReadOnly, SeenFiles? seen = null)
    {
        FileDescriptor file = OpenFile(path, isReadOnly);
        try
        {
            // Before the lock, which one that comes twice would have already.
            seen?.Add(file, path);
            using ImageFile image = Borrow(file, path);
            image.Lock(exclusive: !isReadOnly);
            if (image.Length == 0)
                throw new StorageException($"The disk '{path}' is empty: it has no bytes.");
            return new ChainFile(file, path, format ?? Recognise(image));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Opens one file without a lock.</summary>
    internal static FileDescriptor OpenFile(string path, bool isReadOnly)
    {
        if (path.Length == 0)
            throw new StorageException("A disk needs the name of a file.");
        if (Directory.Exists(path))
            throw new StorageException($"The disk '{path}' is a directory.");
        try
        {
            return FileDescriptor.Open(path, isReadOnly ? FileAccessMode.Read : FileAccessMode.ReadWrite);
        }
        catch (LinuxException error)
        {
            string remedy = !isReadOnly && File.Exists(path) && error.IsDenied ? "; it can be opened read-only" : "";
            throw new StorageException($"The disk {error.Message}{remedy}.", error);
        }
    }

    private static DiskFormat Recognise(ImageFile image)
    {
        var start = new byte[Math.Min(image.Length, sizeof(uint))];
        image.Read(start, 0);
        if (Qcow2Header.HasMagic(start))
            return DiskFormat.Qcow2;
        ForeignFormat.RequireNone(image);
        return DiskFormat.Raw;
    }

    private static Qcow2Header ReadHeader(ChainFile file)
    {
        using ImageFile image = Borrow(file.File, file.Name);
        return Qcow2Header.Read(image);
    }

    /// <summary>Uses a descriptor without closing it.</summary>
    private static ImageFile Borrow(FileDescriptor file, string name) => new(new HostImageStore(file, isOwned: false), name);

    /// <summary>The files of one chain, by what they are, whatever links lead to them.</summary>
    /// <param name="top">The name that the user gave.</param>
    internal sealed class SeenFiles(string top)
    {
        private readonly HashSet<string> _files = [];

        /// <exception cref="StorageException">It comes twice.</exception>
        public void Add(FileDescriptor file, string name)
        {
            string link = string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{file.Number}");
            if (!_files.Add(File.ResolveLinkTarget(link, returnFinalTarget: true)?.FullName ?? name))
                throw new StorageException($"The disk '{top}' has a loop in its chain of backing files: '{name}' comes twice.");
        }
    }
}
