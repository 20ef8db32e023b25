using Hearth.Guests.Debian;
using Hearth.Guests.Initramfs;

namespace Hearth.Boot.Tests;

/// <summary>What the guests of these tests are made of: Debian's kernels and busybox, fetched into the cache when they are not there.</summary>
internal static class GuestAssets
{
    public const string CloudKernel = "linux-image-cloud-amd64";
    public const string Kernel = "linux-image-amd64";
    public const string Kernel686 = "linux-image-686-pae";

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

    private static string ArchitectureOf(string kernel) => kernel == Kernel686 ? "i386" : "amd64";
}
