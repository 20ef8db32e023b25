using System.Security.Cryptography;
using Hearth.Guests.Debian;
using Hearth.Guests.Initramfs;

namespace Hearth.Bench.Save;

/// <summary>What the guests are made of: Debian's kernel for clouds, busybox, and disks. Both sides get the same files.</summary>
internal sealed class SaveAssets
{
    private const long DiskLength = 64 << 20;
    private const int FillStep = 1 << 20;

    private readonly string _directory;
    private readonly PackageCache _cache = PackageCache.Default();
    private readonly KernelPackage _kernel;

    /// <param name="directory">For their files.</param>
    public SaveAssets(string directory)
    {
        _directory = directory;
        _kernel = _cache.FetchKernel(BootAssets.DefaultKernel);
    }

    /// <summary>Its file name has the release.</summary>
    public string KernelName => Path.GetFileName(_kernel.Image);

    /// <summary>A guest without disks.</summary>
    /// <param name="script">What init does before it powers off.</param>
    public SaveGuest Create(string name, MemoryAmount memory, string script) => Create(name, memory, script, []);

    /// <summary>A guest with an empty disk <c>/dev/vda</c>, and with <c>/dev/vdb</c>, on which is what it is to fill its memory with.</summary>
    /// <param name="fill">Bytes; whole MiB.</param>
    /// <inheritdoc cref="Create(string, MemoryAmount, string)"/>
    public SaveGuest Create(string name, MemoryAmount memory, string script, long fill)
    {
        string disk = Path.Combine(_directory, $"{name}.disk");
        using (FileStream empty = File.Create(disk))
            empty.SetLength(DiskLength);
        SaveGuest guest = Create(name, memory, script, ["virtio_pci", "virtio_blk"]);
        return guest with { Configuration = guest.Configuration with { Disks = [new GuestDisk(disk, "raw")] }, FillDisk = Fill(fill) };
    }

    private SaveGuest Create(string name, MemoryAmount memory, string script, string[] modules)
    {
        string initrd = Path.Combine(_directory, $"{name}.initrd");
        File.WriteAllBytes(initrd, new InitramfsBuilder().AddBusybox(_cache.Fetch("busybox-static")).AddModules(_kernel, modules).Run(script).Build());
        return new SaveGuest(name, new GuestConfiguration(_kernel.Image, initrd) { CommandLine = "console=ttyS0 panic=-1 quiet", Memory = memory.Text }, null);
    }

    /// <summary>Random: neither equal pages nor zeros make it easier for one of the sides.</summary>
    private string Fill(long length)
    {
        string path = Path.Combine(_directory, $"fill-{length}");
        if (File.Exists(path))
            return path;
        var step = new byte[FillStep];
        using FileStream file = File.Create(path);
        for (long written = 0; written < length; written += step.Length)
        {
            RandomNumberGenerator.Fill(step);
            file.Write(step);
        }

        return path;
    }
}
