namespace Hearth.Guests.Debian;

/// <summary>A program of Debian: the host's, or one that is run out of the package cache with the libraries of its packages and the host's C library.</summary>
/// <param name="Path">The program.</param>
/// <param name="Packages">Its packages and all they depend on; none for the host's own.</param>
/// <param name="Environment">What must be set for it.</param>
public sealed record DebianProgram(string Path, IReadOnlyList<DebianPackage> Packages, IReadOnlyDictionary<string, string> Environment)
{
    /// <summary>Two C libraries in one process do not work together, and the loader is the host's.</summary>
    private static readonly string[] s_hosts = ["libc6", "libc-bin"];

    private static readonly string[] s_libraries = ["lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu/pulseaudio"];

    /// <summary>The one that is installed, or else Debian's in the cache.</summary>
    /// <param name="path">The program's path in its package, such as <c>usr/bin/aplay</c>.</param>
    /// <param name="packages">Its package, and others that it needs without depending on them.</param>
    /// <exception cref="GuestsException">There is none, and it cannot be fetched.</exception>
    public static DebianProgram Find(PackageCache cache, string path, params IReadOnlyList<string> packages) =>
        HostCommand.Find(System.IO.Path.GetFileName(path)) is { } installed
            ? new DebianProgram(installed, [], new Dictionary<string, string>())
            : Fetch(cache, path, packages);

    /// <summary>Debian's, fetched into the cache with everything it depends on when it is not there yet.</summary>
    /// <inheritdoc cref="Find" path="/param"/>
    /// <exception cref="GuestsException">It cannot be fetched.</exception>
    public static DebianProgram Fetch(PackageCache cache, string path, params IReadOnlyList<string> packages)
    {
        ArgumentNullException.ThrowIfNull(cache);
        ArgumentNullException.ThrowIfNull(packages);
        IReadOnlyList<DebianPackage> all = cache.FetchWithDependencies(packages);
        IEnumerable<string> libraries = all.Where(package => !s_hosts.Contains(package.Name)).SelectMany(package => LibraryDirectories(package.Directory));
        return new DebianProgram(
            all.First(package => package.Name == packages[0]).File(path),
            all,
            new Dictionary<string, string> { ["LD_LIBRARY_PATH"] = string.Join(':', libraries) });
    }

    /// <summary>A folder in each of the packages that have it: installed, they would be one.</summary>
    /// <exception cref="GuestsException">None of them has it.</exception>
    public IReadOnlyList<string> Folders(string path)
    {
        string[] folders = [.. Packages.Select(package => System.IO.Path.Combine(package.Directory, path)).Where(Directory.Exists)];
        return folders.Length > 0 ? folders : throw new GuestsException($"{System.IO.Path.GetFileName(Path)} needs {path}, which none of its packages has");
    }

    /// <summary>Another program of the same package, such as <c>qemu-io</c> of <c>qemu-img</c>'s.</summary>
    public DebianProgram Beside(string name) => this with { Path = System.IO.Path.Combine(System.IO.Path.GetDirectoryName(Path)!, name) };

    /// <inheritdoc cref="HostCommand.Run"/>
    public CommandResult Run(IEnumerable<string> arguments) => HostCommand.Run(Path, arguments, environment: Environment);

    /// <inheritdoc cref="HostCommand.Require"/>
    public string Require(IEnumerable<string> arguments) => HostCommand.Require(Path, arguments, environment: Environment);

    private static IEnumerable<string> LibraryDirectories(string root) =>
        s_libraries.Select(directory => System.IO.Path.Combine(root, directory)).Where(Directory.Exists);
}
