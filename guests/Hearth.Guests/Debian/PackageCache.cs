namespace Hearth.Guests.Debian;

/// <summary>
/// Unpacked Debian packages under one folder. A package is fetched once, with apt and dpkg-deb and without root; afterwards no
/// network is needed. Several processes may share a cache: one fetches, the others wait.
/// </summary>
/// <remarks>
/// <code>
/// ARCHITECTURE/lock                     held while something is fetched
/// ARCHITECTURE/apt/                     lists and state of apt
/// ARCHITECTURE/new/                     being fetched; a leftover of an interrupted run is thrown away
/// ARCHITECTURE/NAME_VERSION/            unpacked; it gets this name when it is complete
/// ARCHITECTURE/NAME.version             which version NAME is
/// </code>
/// Deleting the folder, or one <c>NAME.version</c>, fetches the newest version again.
/// </remarks>
public sealed class PackageCache
{
    private readonly string _directory;

    /// <param name="directory">Created as needed.</param>
    public PackageCache(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        _directory = Path.GetFullPath(directory);
    }

    /// <summary>The packages in Hearth's own cache.</summary>
    public static PackageCache Default() => new(Path.Combine(CacheDirectory.Default(), "debian"));

    /// <summary>A package by its name.</summary>
    /// <exception cref="GuestsException">It cannot be fetched or unpacked.</exception>
    public DebianPackage Fetch(string name, string architecture = "amd64")
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentException.ThrowIfNullOrEmpty(architecture);
        return Cached(name, architecture) ?? FetchNew(name, architecture, follow: false);
    }

    /// <summary>A kernel by the name of its package or of the metapackage that follows it, such as <c>linux-image-amd64</c>.</summary>
    /// <exception cref="GuestsException">It cannot be fetched or unpacked, or is no kernel.</exception>
    public KernelPackage FetchKernel(string name, string architecture = "amd64")
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentException.ThrowIfNullOrEmpty(architecture);
        return new KernelPackage(Cached(name, architecture) ?? FetchNew(name, architecture, follow: true));
    }

    private DebianPackage? Cached(string name, string architecture)
    {
        string pin = PinPath(name, architecture);
        if (!File.Exists(pin))
            return null;
        string[] words = File.ReadAllText(pin).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length != 2)
            return null;
        string tree = TreePath(words[0], words[1], architecture);
        return Directory.Exists(tree) ? new DebianPackage(words[0], words[1], architecture, tree) : null;
    }

    private DebianPackage FetchNew(string name, string architecture, bool follow)
    {
        CacheDirectory.Create(Path.Combine(_directory, architecture));
        using CacheLock held = CacheLock.Take(Path.Combine(_directory, architecture, "lock"));
        if (Cached(name, architecture) is { } meanwhile)
            return meanwhile;

        var apt = new AptRoot(Path.Combine(_directory, architecture, "apt"), architecture);
        PackageRecord record = Find(apt, name);
        string? kernel = record.Depends.FirstOrDefault(depends => depends.StartsWith("linux-image-", StringComparison.Ordinal));
        if (follow && kernel is not null)
            record = Find(apt, kernel);
        string tree = TreePath(record.Name, record.Version, architecture);
        if (!Directory.Exists(tree))
            Unpack(apt, record, tree);

        string pin = PinPath(name, architecture);
        File.WriteAllText(pin + ".new", $"{record.Name}\n{record.Version}\n");
        File.Move(pin + ".new", pin, overwrite: true);
        return new DebianPackage(record.Name, record.Version, architecture, tree);
    }

    private static PackageRecord Find(AptRoot apt, string name)
    {
        if (apt.Find(name) is { } known)
            return known;
        CommandResult update = apt.Update();
        return apt.Find(name) ?? throw new GuestsException(update.ExitCode == 0
            ? $"the host's apt sources have no package {name} for {apt.Architecture}"
            : $"the package {name} for {apt.Architecture} cannot be found, and apt says: {update.LastWords}");
    }

    private void Unpack(AptRoot apt, PackageRecord record, string tree)
    {
        string work = Path.Combine(_directory, apt.Architecture, "new");
        if (Directory.Exists(work))
            Directory.Delete(work, recursive: true);
        Directory.CreateDirectory(work);
        string archive = Download(apt, record, work);
        string unpacked = Path.Combine(work, "tree");
        HostCommand.Require("dpkg-deb", ["-x", archive, unpacked]);
        Directory.Move(unpacked, tree);
        Directory.Delete(work, recursive: true);
    }

    /// <summary>Downloads with the lists at hand, and once more with fresh ones: an old list names versions that are gone.</summary>
    private static string Download(AptRoot apt, PackageRecord record, string to)
    {
        try
        {
            return apt.Download(record, to);
        }
        catch (GuestsException)
        {
            apt.Update();
            return apt.Download(record, to);
        }
    }

    private string TreePath(string name, string version, string architecture) =>
        Path.Combine(_directory, architecture, $"{name}_{version.Replace(':', '%')}");

    private string PinPath(string name, string architecture) => Path.Combine(_directory, architecture, name + ".version");
}
