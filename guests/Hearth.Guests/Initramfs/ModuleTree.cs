using ZstdSharp;

namespace Hearth.Guests.Initramfs;

/// <summary>
/// The modules of a kernel package and their order. Dependencies are read from the modules themselves (the .modinfo section):
/// modules.dep is only written when a package is installed.
/// </summary>
public sealed class ModuleTree
{
    private readonly Dictionary<string, string> _paths = [];
    private readonly HashSet<string> _builtIn = [];
    private readonly string _directory;

    /// <param name="directory"><c>/lib/modules/RELEASE</c> of the package.</param>
    public ModuleTree(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        _directory = directory;
        if (!Directory.Exists(directory))
            return;
        foreach (string path in Directory.EnumerateFiles(directory, "*.ko*", SearchOption.AllDirectories))
            _paths[NameOf(path)] = path;
        string builtIn = Path.Combine(directory, "modules.builtin");
        if (File.Exists(builtIn))
            _builtIn.UnionWith(File.ReadLines(builtIn).Select(NameOf));
    }

    /// <summary>The named modules and all they depend on, each after what it depends on. Built-in ones are left out.</summary>
    /// <exception cref="GuestsException">There is no such module, or it is damaged.</exception>
    public IReadOnlyList<KernelModule> Resolve(IEnumerable<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        var order = new List<KernelModule>();
        var seen = new HashSet<string>();
        foreach (string name in names)
            Add(Normalize(name), seen, order);
        return order;
    }

    private void Add(string name, HashSet<string> seen, List<KernelModule> order)
    {
        if (!seen.Add(name) || _builtIn.Contains(name))
            return;
        if (!_paths.TryGetValue(name, out string? path))
            throw new GuestsException($"{Path.GetFileName(_directory)} has no module {name}");
        var module = new KernelModule(name, Read(path));
        ModuleInformation information = ModuleInformation.Read(module);
        foreach (string wanted in information.Preferred.Select(Normalize).Where(_paths.ContainsKey))
            Add(wanted, seen, order);
        foreach (string needed in information.Depends)
            Add(Normalize(needed), seen, order);
        order.Add(module);
    }

    private static byte[] Read(string path)
    {
        if (path.EndsWith(".ko", StringComparison.Ordinal))
            return File.ReadAllBytes(path);
        if (!path.EndsWith(".zst", StringComparison.Ordinal))
            throw new GuestsException($"the module {path} is compressed in a way Hearth does not read");
        using var decompressor = new Decompressor();
        return decompressor.Unwrap(File.ReadAllBytes(path)).ToArray();
    }

    private static string NameOf(string path)
    {
        string file = Path.GetFileName(path);
        int extension = file.IndexOf(".ko", StringComparison.Ordinal);
        return Normalize(extension < 0 ? file : file[..extension]);
    }

    private static string Normalize(string name) => name.Trim().Replace('-', '_');
}
