using Hearth.Guests.Debian;
using Hearth.Guests.Initramfs;

namespace Hearth.Boot.Tests;

/// <summary>What the guests of these tests are made of: Debian's kernels and busybox, fetched into the cache when they are not there.</summary>
internal static class GuestAssets
{
    public const string CloudKernel = "linux-image-cloud-amd64";
    public const string Kernel = "linux-image-amd64";
    public const string Kernel686 = "linux-image-686-pae";

    private static readonly string[] s_libraryFolders = ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"];
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

    /// <summary>Runs mmdebstrap: the host's, or the one from the cache with the modules of Perl that it needs. It needs root.</summary>
    public static void MakeDebian(params string[] arguments)
    {
        if (Guests.HostCommand.Find("mmdebstrap") is { } installed)
        {
            Guests.HostCommand.Require(installed, arguments);
            return;
        }

        DebianPackage[] packages = [.. s_cache.FetchWithDependencies(["mmdebstrap"])];
        string modules = string.Join(':', packages.SelectMany(each => s_perlFolders.Select(folder => Path.Combine(each.Directory, folder))).Where(Directory.Exists).SelectMany(Directory.GetDirectories));
        string program = packages.Single(each => each.Name == "mmdebstrap").File("usr/bin/mmdebstrap");
        Guests.HostCommand.Require("env", [$"PERL5LIB={modules}", "perl", program, .. arguments]);
    }

    /// <summary>Runs genisoimage.</summary>
    public static void MakeIso(params string[] arguments) => RunTool("genisoimage", "genisoimage", arguments);

    /// <summary>Runs grub-mkimage.</summary>
    public static void MakeGrubImage(params string[] arguments) => RunTool("grub-common", "grub-mkimage", arguments);

    /// <summary>A folder of GRUB for PCs with a BIOS.</summary>
    public static string GrubFolder() => Path.GetDirectoryName(s_cache.Fetch("grub-pc-bin").File("usr/lib/grub/i386-pc/boot.img"))!;

    /// <summary>Runs a program: the host's, or the one from the cache with its libraries.</summary>
    private static void RunTool(string package, string program, string[] arguments)
    {
        if (Guests.HostCommand.Find(program) is { } installed)
        {
            Guests.HostCommand.Require(installed, arguments);
            return;
        }

        // The C library stays the host's: the loader that comes with it is.
        DebianPackage[] packages = [.. s_cache.FetchWithDependencies([package]).Where(each => each.Name != "libc6")];
        string libraries = string.Join(':', packages.SelectMany(each => s_libraryFolders.Select(folder => Path.Combine(each.Directory, folder))));
        Guests.HostCommand.Require("env", [$"LD_LIBRARY_PATH={libraries}", packages.Single(each => each.Name == package).File($"usr/bin/{program}"), .. arguments]);
    }

    private static string ArchitectureOf(string kernel) => kernel == Kernel686 ? "i386" : "amd64";
}
