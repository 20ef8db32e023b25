using Hearth.Guests.Debian;
using Hearth.Guests.Initramfs;

namespace Hearth.Bench;

/// <summary>The kernel and initramfs that both sides boot.</summary>
internal sealed record BootAssets(string Kernel, string Initrd)
{
    public const string DefaultKernel = "linux-image-cloud-amd64";
    public const string CommandLine = "console=ttyS0 panic=-1";

    public static BootAssets Create(string kernelName, string directory)
    {
        var cache = PackageCache.Default();
        KernelPackage kernel = cache.FetchKernel(kernelName);
        byte[] initramfs = new InitramfsBuilder().AddBusybox(cache.Fetch("busybox-static")).Build();
        Directory.CreateDirectory(directory);
        string initrd = Path.Combine(directory, "initrd.img");
        File.WriteAllBytes(initrd, initramfs);
        return new BootAssets(kernel.Image, initrd);
    }

    public static int Write(string directory)
    {
        BootAssets assets = Create(DefaultKernel, Path.GetFullPath(directory));
        var options = new BootBenchOptions();
        Console.WriteLine(string.Join(' ', [Contender.HearthPath, .. Contender.Hearth(assets, options).Arguments.Select(Quote)]));
        Console.WriteLine(string.Join(' ', ["qemu-system-x86_64", .. Contender.QemuArguments(assets, options).Select(Quote)]));
        return 0;
    }

    private static string Quote(string argument) => argument.Contains(' ', StringComparison.Ordinal) ? $"'{argument}'" : argument;
}
