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
