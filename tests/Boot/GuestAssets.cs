using Hearth.Guests.Debian;
using Hearth.Guests.Initramfs;

namespace Hearth.Boot.Tests;

/// <summary>What the guests of these tests are made of: Debian's kernels and busybox, fetched into the cache when they are not there.</summary>
internal static class GuestAssets
{
    public const string CloudKernel = "linux-image-cloud-amd64";
    public const string Kernel = "linux-image-amd64";
    public const string Kernel686 = "linux-image-686-pae";

    private static readonly string[] s_perlFolders = ["usr/share/perl", "usr/lib/x86_64-linux-gnu/perl"];
    private static readonly PackageCache s_cache = PackageCache.Default();

    /// <summary>A kernel; without one that guests can run here the test is skipped.</summary>
    public static KernelPackage FetchKernel(string name)
    {
        TestEngine.RequireKernel(name);
        return s_cache.FetchKernel(name, ArchitectureOf(name));
    }

    /// <summary>busybox and an init that runs the script; modules follow by <see cref="InitramfsBuilder.AddModules"/>.</summary>
    public static InitramfsBuilder Initramfs(string kernel, string script) =>
        new InitramfsBuilder().AddBusybox(s_cache.Fetch("busybox-static", ArchitectureOf(kernel))).Run(script);

    /// <summary>The busybox that <see cref="Initramfs"/> gives a guest.</summary>
    public static byte[] Busybox(string kernel)
    {
        DebianPackage package = s_cache.Fetch("busybox-static", ArchitectureOf(kernel));
        string path = Path.Combine(package.Directory, "bin/busybox");
        return File.ReadAllBytes(File.Exists(path) ? path : package.File("usr/bin/busybox"));
    }

    /// <summary>The path of passt: the host's, or the one from the cache.</summary>
    public static string Passt() => Guests.HostCommand.Find("passt") ?? s_cache.Fetch("passt").File("usr/bin/passt");

    /// <summary>The path of SeaBIOS: the host's, or the one from the cache.</summary>
    public static string SeaBios()
    {
        const string Installed = "/usr/share/seabios/bios-256k.bin";
        return File.Exists(Installed) ? Installed : s_cache.Fetch("seabios").File(Installed[1..]);
    }

    /// <summary>The path of the BIOS of the VGA, which lies beside it.</summary>
    public static string VgaBios() => Path.Combine(Path.GetDirectoryName(SeaBios())!, "vgabios-stdvga.bin");

    /// <summary>The CD that Debian's package of memtest86+ has.</summary>
    public static string MemtestDisc() => s_cache.Fetch("memtest86+").File("usr/lib/memtest86+/memtest86+x64.iso");

    /// <summary>A file of Debian's graphical installer: <c>linux</c> or <c>initrd.gz</c>.</summary>
    public static string InstallerFile(string name) =>
        s_cache.Fetch("debian-installer-12-netboot-amd64").File($"usr/lib/debian-installer/images/12/amd64/gtk/debian-installer/amd64/{name}");

    /// <summary>Runs mmdebstrap, which needs root.</summary>
    public static void MakeDebian(params string[] arguments) => Mmdebstrap().Require(arguments);

    /// <summary>Runs genisoimage.</summary>
    public static void MakeIso(params string[] arguments) => Genisoimage().Require(arguments);

    /// <summary>Runs grub-mkimage.</summary>
    public static void MakeGrubImage(params string[] arguments) => GrubMkimage().Require(arguments);

    /// <summary>A folder of GRUB for PCs with a BIOS.</summary>
    public static string GrubFolder() => Path.GetDirectoryName(s_cache.Fetch("grub-pc-bin").File("usr/lib/grub/i386-pc/boot.img"))!;

    /// <summary>Packages and all they depend on, for programs that a guest gets.</summary>
    public static IReadOnlyList<DebianPackage> Packages(string name) => s_cache.FetchWithDependencies([name]);

    /// <summary>Fetches what the tests need that are not explicit, for a place from which nothing can be fetched.</summary>
    public static void FetchAll()
    {
        foreach (string kernel in (ReadOnlySpan<string>)[CloudKernel, Kernel, Kernel686])
        {
            _ = s_cache.FetchKernel(kernel, ArchitectureOf(kernel));
            _ = Busybox(kernel);
        }

        _ = Passt();
        _ = SeaBios();
        _ = MemtestDisc();
        _ = Genisoimage();
        _ = GrubMkimage();
        _ = GrubFolder();
        _ = Packages(AlsaPrograms.Package);
    }

    private static DebianProgram Genisoimage() => DebianProgram.Find(s_cache, "usr/bin/genisoimage", "genisoimage");

    private static DebianProgram GrubMkimage() => DebianProgram.Find(s_cache, "usr/bin/grub-mkimage", "grub-common");

    /// <summary>A script of Perl: out of the cache it needs the modules of its packages.</summary>
    private static DebianProgram Mmdebstrap()
    {
        DebianProgram program = DebianProgram.Find(s_cache, "usr/bin/mmdebstrap", "mmdebstrap");
        IEnumerable<string> modules = program.Packages.SelectMany(package => s_perlFolders.Select(folder => Path.Combine(package.Directory, folder)))
            .Where(Directory.Exists)
            .SelectMany(Directory.GetDirectories);
        return program.Packages.Count == 0 ? program : program with { Environment = new Dictionary<string, string> { ["PERL5LIB"] = string.Join(':', modules) } };
    }

    private static string ArchitectureOf(string kernel) => kernel == Kernel686 ? "i386" : "amd64";
}
