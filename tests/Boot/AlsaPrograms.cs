using Hearth.Guests.Debian;
using Hearth.Guests.Initramfs;

namespace Hearth.Boot.Tests;

/// <summary>Debian's <c>aplay</c> and <c>amixer</c> with their libraries and configuration, in a guest's first root.</summary>
internal static class AlsaPrograms
{
    public const string Package = "alsa-utils";

    private const string Libraries = "lib/x86_64-linux-gnu";

    private static readonly string[] s_programs = ["aplay", "amixer"];
    private static readonly string[] s_libraries = ["libasound.so.2", "libc.so.6", "libm.so.6"];

    public static InitramfsBuilder AddTo(InitramfsBuilder initramfs)
    {
        IReadOnlyList<DebianPackage> packages = GuestAssets.Packages(Package);
        foreach (string program in s_programs)
            initramfs.AddFile($"bin/{program}", File.ReadAllBytes(Find(packages, $"usr/bin/{program}")), executable: true);
        foreach (string library in s_libraries)
            initramfs.AddFile($"{Libraries}/{library}", File.ReadAllBytes(FindLibrary(packages, library)), executable: true);
        initramfs.AddFile("lib64/ld-linux-x86-64.so.2", File.ReadAllBytes(FindLibrary(packages, "ld-linux-x86-64.so.2")), executable: true);
        string data = Path.GetDirectoryName(Find(packages, "usr/share/alsa/alsa.conf"))!;
        foreach (string file in Directory.EnumerateFiles(data, "*.conf", SearchOption.AllDirectories))
            initramfs.AddFile($"usr/share/alsa/{Path.GetRelativePath(data, file)}", File.ReadAllBytes(file));
        return initramfs;
    }

    private static string FindLibrary(IReadOnlyList<DebianPackage> packages, string name) =>
        TryFind(packages, $"usr/{Libraries}/{name}") ?? Find(packages, $"{Libraries}/{name}");

    private static string Find(IReadOnlyList<DebianPackage> packages, string path) =>
        TryFind(packages, path) ?? throw new FileNotFoundException($"no package has {path}");

    /// <summary>A link of a package leads to another file of its own, not to one of the host.</summary>
    private static string? TryFind(IReadOnlyList<DebianPackage> packages, string path)
    {
        string? found = packages.Select(package => Path.Combine(package.Directory, path)).FirstOrDefault(full => File.Exists(full) || new FileInfo(full).LinkTarget is not null);
        return found is not null && new FileInfo(found).LinkTarget is { } target
            ? Path.Combine(Path.GetDirectoryName(found)!, Path.GetFileName(target))
            : found;
    }
}
