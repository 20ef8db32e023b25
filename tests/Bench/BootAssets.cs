using Hearth.Guests.Debian;
using Hearth.Guests.Initramfs;

namespace Hearth.Bench;

/// <summary>The kernel and initramfs of the boot comparison.</summary>
internal static class BootAssets
{
    public const string DefaultKernel = "linux-image-cloud-amd64";

    public static GuestConfiguration Create(string kernelName, string directory)
    {
        var cache = PackageCache.Default();
        KernelPackage kernel = cache.FetchKernel(kernelName);
        byte[] initramfs = new InitramfsBuilder().AddBusybox(cache.Fetch("busybox-static")).Build();
        Directory.CreateDirectory(directory);
        string initrd = Path.Combine(directory, "initrd.img");
        File.WriteAllBytes(initrd, initramfs);
        return new GuestConfiguration(kernel.Image, initrd);
    }

    public static int Write(string directory)
    {
        GuestConfiguration guest = Create(DefaultKernel, Path.GetFullPath(directory));
        Console.WriteLine(string.Join(' ', [Contender.HearthPath, .. Contender.HearthArguments(guest).Select(Quote)]));
        Console.WriteLine(string.Join(' ', ["qemu-system-x86_64", .. Contender.QemuArguments(guest).Select(Quote)]));
        return 0;
    }

    private static string Quote(string argument) => argument.Contains(' ', StringComparison.Ordinal) ? $"'{argument}'" : argument;
}
