using System.IO.Compression;
using System.Text;
using Hearth.Guests.Debian;
using Hearth.Guests.Initramfs;

namespace Hearth.Guests.Tests.Initramfs;

public sealed class InitramfsBuilderTests
{
    [Fact]
    public void Build_calledTwice_givesTheSameBytes()
    {
        KernelPackage kernel = PackageCache.Default().FetchKernel("linux-image-cloud-amd64");

        Assert.Equal(Build(kernel), Build(kernel));
    }

    [Fact]
    public void Init_loadsTheModulesThenRunsTheScriptThenPowersOff()
    {
        KernelPackage kernel = PackageCache.Default().FetchKernel("linux-image-cloud-amd64");

        string archive = Unpacked(Build(kernel));

        int marker = archive.IndexOf(InitramfsBuilder.InitMarker, StringComparison.Ordinal);
        int ring = archive.IndexOf("insmod /lib/modules/virtio_ring.ko", StringComparison.Ordinal);
        int block = archive.IndexOf("insmod /lib/modules/virtio_blk.ko", StringComparison.Ordinal);
        int script = archive.IndexOf("echo from the test", StringComparison.Ordinal);
        int off = archive.IndexOf("poweroff -f", StringComparison.Ordinal);
        Assert.True(0 < marker && marker < ring && ring < block && block < script && script < off);
    }

    [Fact]
    public void File_inFolders_bringsItsFolders()
    {
        string archive = Unpacked(new InitramfsBuilder().AddFile("one/two/three", "content"u8.ToArray()).Build());

        int one = archive.IndexOf("one\0", StringComparison.Ordinal);
        int two = archive.IndexOf("one/two\0", StringComparison.Ordinal);
        int three = archive.IndexOf("one/two/three\0", StringComparison.Ordinal);
        Assert.True(0 < one && one < two && two < three);
    }

    [Fact]
    public void Write_givesWhatBuildCompresses()
    {
        InitramfsBuilder builder = new InitramfsBuilder().AddFile("file", "content"u8.ToArray());
        using var plain = new MemoryStream();

        builder.Write(plain);

        Assert.Equal(Unpacked(builder.Build()), Encoding.Latin1.GetString(plain.ToArray()));
    }

    private static byte[] Build(KernelPackage kernel) => new InitramfsBuilder()
        .AddBusybox(PackageCache.Default().Fetch("busybox-static"))
        .AddModules(kernel, "virtio_pci", "virtio_blk")
        .Run("echo from the test")
        .Build();

    private static string Unpacked(byte[] initramfs)
    {
        using var unpacked = new MemoryStream();
        using var compressed = new GZipStream(new MemoryStream(initramfs), CompressionMode.Decompress);
        compressed.CopyTo(unpacked);
        return Encoding.Latin1.GetString(unpacked.ToArray());
    }
}
