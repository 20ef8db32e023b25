using Hearth.Guests;
using Hearth.Guests.Debian;

namespace Hearth.Bench.Cpu;

/// <summary>Finds the libraries that programs of unpacked packages load, with the packages' own loader.</summary>
internal sealed class SharedLibraries
{
    private const string LoaderName = "ld-linux-x86-64.so.2";

    private readonly IReadOnlyList<DebianPackage> _packages;
    private readonly string _path;

    public SharedLibraries(IReadOnlyList<DebianPackage> packages)
    {
        _packages = packages;
        _path = string.Join(':', packages.SelectMany(package => Directories(package.Directory)));
        Loader = packages.First(package => package.Name == "libc6").File("lib/x86_64-linux-gnu/" + LoaderName);
    }

    public string Loader { get; }

    /// <summary>The paths of all libraries the program loads at its start, the loader among them.</summary>
    /// <exception cref="GuestsException">One of them is in no package.</exception>
    public IReadOnlyList<string> Of(string program)
    {
        List<string> found = [Loader];
        foreach (string line in HostCommand.Require(Loader, ["--library-path", _path, "--list", program]).Split('\n'))
        {
            if (line.Split("=>", StringSplitOptions.TrimEntries) is not [string name, string target])
                continue;
            string path = target.Split(' ')[0];
            if (Path.GetFileName(path) == LoaderName)
                continue;
            found.Add(_packages.Any(package => path.StartsWith(package.Directory + "/", StringComparison.Ordinal))
                ? path
                : throw new GuestsException($"{Path.GetFileName(program)} needs {name}, which none of the packages it depends on has"));
        }

        return found;
    }

    private static IEnumerable<string> Directories(string root) => Directory
        .EnumerateFiles(root, "*.so*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None })
        .Select(file => Path.GetDirectoryName(file)!)
        .Distinct();
}
