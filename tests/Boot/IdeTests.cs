using System.Security.Cryptography;

namespace Hearth.Boot.Tests;

/// <summary>Debian's ata_piix, sd_mod and sr_mod on IDE disks and CDs.</summary>
public sealed class IdeTests
{
    private const int Mebibyte = 1 << 20;
    private const int DiskLength = 16 * Mebibyte;

    private static readonly string[] s_modules = ["ata_piix", "sd_mod", "sr_mod", "isofs"];

    private const string WriteAndReadBack = """
        i=0
        while [ ! -b /dev/sda -a $i -lt 50 ]; do sleep 0.1; i=$((i + 1)); done
        echo "size=$(blockdev --getsize64 /dev/sda)"
        echo "dma=$(cat /sys/class/ata_device/dev1.0/dma_mode)"
        echo "found=$(sha256sum /dev/sda | cut -c 1-64)"
        head -c 2097152 /dev/urandom > /tmp/data
        dd if=/tmp/data of=/dev/sda bs=65536 seek=64 conv=notrunc,fsync 2>/dev/null
        blockdev --flushbufs /dev/sda
        echo 3 > /proc/sys/vm/drop_caches
        echo "written=$(sha256sum /tmp/data | cut -c 1-64)"
        echo "read=$(dd if=/dev/sda bs=65536 skip=64 count=32 2>/dev/null | sha256sum | cut -c 1-64)"
        """;

    [Theory]
    [InlineData(GuestAssets.CloudKernel)]
    [InlineData(GuestAssets.Kernel686)]
    public void Disk_writtenFlushedAndReadBack_keepsEveryByte(string kernel)
    {
        byte[] before = RandomNumberGenerator.GetBytes(DiskLength);
        using var guest = new TestGuest(kernel, WriteAndReadBack, s_modules);
        string disk = guest.Scratch.Write("disk.img", before);

        HearthOutcome outcome = guest.With("--disk", $"{disk},bus=ide").Run().AssertPoweredOff();

        byte[] after = File.ReadAllBytes(disk);
        Assert.Equal($"{DiskLength}", outcome.Value("size"));
        Assert.Equal("XFER_MW_DMA_2", outcome.Value("dma"));
        Assert.Equal(Sum(before), outcome.Value("found"));
        Assert.Equal(outcome.Value("written"), outcome.Value("read"));
        Assert.Equal(outcome.Value("written"), Sum(after.AsSpan(4 * Mebibyte, 2 * Mebibyte)));
        Assert.Equal(before[..(4 * Mebibyte)], after[..(4 * Mebibyte)]);
        Assert.Empty(BrokenHardware.FindIn(outcome));
    }

    [Fact]
    public void Cd_mounted_givesItsFiles()
    {
        const string Script = """
            i=0
            while [ ! -b /dev/sr0 -a $i -lt 50 ]; do sleep 0.1; i=$((i + 1)); done
            mkdir -p /mnt
            mount -t iso9660 -o ro /dev/sr0 /mnt && echo "sum=$(sha256sum /mnt/data.bin | cut -c 1-64)"
            """;
        byte[] data = RandomNumberGenerator.GetBytes(3 * Mebibyte);
        using var guest = new TestGuest(GuestAssets.CloudKernel, Script, s_modules);
        string folder = Directory.CreateDirectory(guest.Scratch["files"]).FullName;
        File.WriteAllBytes(Path.Combine(folder, "data.bin"), data);
        string image = guest.Scratch["cd.iso"];
        GuestAssets.MakeIso("-quiet", "-o", image, folder);

        HearthOutcome outcome = guest.With("--cdrom", image).Run().AssertPoweredOff();

        Assert.Equal(Sum(data), outcome.Value("sum"));
        Assert.Empty(BrokenHardware.FindIn(outcome));
    }

    private static string Sum(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
