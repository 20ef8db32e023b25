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
/// ARCHITECTURE/NAME+NAME.set            which versions these packages and all they depend on are
/// </code>
/// Deleting the folder, or one <c>NAME.version</c> or <c>.set</c>, fetches the newest version again.
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

    /// <summary>Packages and all they depend on, in no particular order; what is only recommended stays out.</summary>
    /// <exception cref="GuestsException">One of them cannot be fetched or unpacked.</exception>
    public IReadOnlyList<DebianPackage> FetchWithDependencies(IReadOnlyList<string> names, string architecture = "amd64")
    {
        ArgumentNullException.ThrowIfNull(names);
        ArgumentException.ThrowIfNullOrEmpty(architecture);
        string set = Path.Combine(_directory, architecture, string.Join('+', names) + ".set");
        return CachedSet(set, architecture) ?? FetchNewSet(set, names, architecture);
    }

    private DebianPackage? Cached(string name, string architecture)
    {
        string pin = PinPath(name, architecture);
        if (!File.Exists(pin))
            return null;
        string[] words = File.ReadAllText(pin).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length != 2)
            return null;
        DebianPackage package = Unpacked(new PackageRecord(words[0], words[1], []), architecture);
        return Directory.Exists(package.Directory) ? package : null;
    }

    private DebianPackage[]? CachedSet(string set, string architecture)
    {
        if (!File.Exists(set))
            return null;
        DebianPackage[] packages =
        [
            .. File.ReadLines(set)
                .Select(line => line.Split(' '))
                .Select(words => Unpacked(new PackageRecord(words[0], words[1], []), architecture)),
        ];
        return Array.TrueForAll(packages, package => Directory.Exists(package.Directory)) ? packages : null;
    }

    private DebianPackage[] FetchNewSet(string set, IReadOnlyList<string> names, string architecture)
    {
        CacheDirectory.Create(Path.Combine(_directory, architecture));
        using CacheLock held = CacheLock.Take(Path.Combine(_directory, architecture, "lock"));
        if (CachedSet(set, architecture) is { } meanwhile)
            return meanwhile;

        var apt = new AptRoot(Path.Combine(_directory, architecture, "apt"), architecture);
        IReadOnlyList<PackageRecord> records = Unpack(apt, () => Resolve(apt, names));
        Write(set, records.Select(record => $"{record.Name} {record.Version}"));
        return [.. records.Select(record => Unpacked(record, architecture))];
    }

    private static IReadOnlyList<PackageRecord> Resolve(AptRoot apt, IReadOnlyList<string> names)
    {
        if (apt.Resolve(names) is { } known)
            return known;
        CommandResult update = apt.Update();
        string why = update.ExitCode == 0 ? "" : $", and apt says: {update.LastWords}";
        return apt.Resolve(names) ?? throw new GuestsException(
            $"the host's apt sources cannot give {string.Join(' ', names)} for {apt.Architecture} with all they depend on{why}");
    }

    private DebianPackage FetchNew(string name, string architecture, bool follow)
    {
        CacheDirectory.Create(Path.Combine(_directory, architecture));
        using CacheLock held = CacheLock.Take(Path.Combine(_directory, architecture, "lock"));
        if (Cached(name, architecture) is { } meanwhile)
            return meanwhile;

        var apt = new AptRoot(Path.Combine(_directory, architecture, "apt"), architecture);
        PackageRecord record = Unpack(apt, () => [follow ? FindKernel(apt, name) : Find(apt, name)])[0];
        Write(PinPath(name, architecture), [record.Name, record.Version]);
        return Unpacked(record, architecture);
    }

    /// <summary>A metapackage leads to the kernel it depends on.</summary>
    private static PackageRecord FindKernel(AptRoot apt, string name)
    {
        PackageRecord record = Find(apt, name);
        string? kernel = record.Depends.FirstOrDefault(depends => depends.StartsWith("linux-image-", StringComparison.Ordinal));
        return kernel is null ? record : Find(apt, kernel);
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

    /// <summary>Unpacks with the lists at hand, and once more with fresh ones: an old list names versions that are gone.</summary>
    /// <returns>What <paramref name="find"/> found at last.</returns>
    private IReadOnlyList<PackageRecord> Unpack(AptRoot apt, Func<IReadOnlyList<PackageRecord>> find)
    {
        IReadOnlyList<PackageRecord> records = find();
        try
        {
            UnpackMissing(apt, records);
        }
        catch (GuestsException)
        {
            apt.Update();
            records = find();
            UnpackMissing(apt, records);
        }

        return records;
    }

    private void UnpackMissing(AptRoot apt, IReadOnlyList<PackageRecord> records)
    {
        PackageRecord[] missing = [.. records.Where(record => !Directory.Exists(TreePath(record.Name, record.Version, apt.Architecture)))];
        if (missing.Length == 0)
            return;
        string work = Path.Combine(_directory, apt.Architecture, "new");
        if (Directory.Exists(work))
            Directory.Delete(work, recursive: true);
        Directory.CreateDirectory(work);
        IReadOnlyList<string> archives = apt.Download(missing, work);
        foreach (PackageRecord record in missing)
        {
            string archive = archives.Single(file => Path.GetFileName(file).StartsWith(record.Name + "_", StringComparison.Ordinal));
            string unpacked = Path.Combine(work, "tree");
            HostCommand.Require("dpkg-deb", ["-x", archive, unpacked]);
            Directory.Move(unpacked, TreePath(record.Name, record.Version, apt.Architecture));
        }

        Directory.Delete(work, recursive: true);
    }

    /// <summary>Puts a small file in place whole.</summary>
    private static void Write(string path, IEnumerable<string> lines)
    {
        File.WriteAllLines(path + ".new", lines);
        File.Move(path + ".new", path, overwrite: true);
    }

    private DebianPackage Unpacked(PackageRecord record, string architecture) =>
        new(record.Name, record.Version, architecture, TreePath(record.Name, record.Version, architecture));

    private string TreePath(string name, string version, string architecture) =>
        Path.Combine(_directory, architecture, $"{name}_{version.Replace(':', '%')}");

    private string PinPath(string name, string architecture) => Path.Combine(_directory, architecture, name + ".version");
}
