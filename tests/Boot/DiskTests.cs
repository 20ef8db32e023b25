using System.Security.Cryptography;

namespace Hearth.Boot.Tests;

public sealed class DiskTests
{
    private const int Mebibyte = 1 << 20;
    private const int DiskLength = 64 * Mebibyte;

    // Four writers at once keep several requests in flight; the page cache is dropped so that reading means the disk.
    private const string WriteAndReadBack = """
        echo "size=$(blockdev --getsize64 /dev/vda)"
        echo "found=$(sha256sum /dev/vda | cut -c 1-64)"
        head -c 4194304 /dev/urandom > /tmp/data
        for at in 1 3 5 7; do
            dd if=/tmp/data of=/dev/vda bs=65536 seek=$((at * 64)) conv=notrunc,fsync 2>/dev/null &
        done
        wait
        sync
        blockdev --flushbufs /dev/vda
        echo 3 > /proc/sys/vm/drop_caches
        echo "written=$(sha256sum /tmp/data | cut -c 1-64)"
        for at in 1 3 5 7; do
            dd if=/dev/vda bs=65536 skip=$((at * 64)) count=64 2>/dev/null | sha256sum | cut -c 1-64
        done | sort -u | sed 's/^/read=/'
        """;

    [Theory]
    [InlineData(GuestAssets.CloudKernel)]
    [InlineData(GuestAssets.Kernel686)]
    public void Disk_writtenFlushedAndReadBack_keepsEveryByte(string kernel)
    {
        byte[] before = RandomNumberGenerator.GetBytes(DiskLength);
        using var guest = new TestGuest(kernel, WriteAndReadBack, "virtio_pci", "virtio_blk");
        string disk = guest.Scratch.Write("disk.img", before);

        HearthOutcome outcome = guest.With("--disk", disk).Run().AssertPoweredOff();

        byte[] after = File.ReadAllBytes(disk);
        string written = outcome.Value("written");
        Assert.Equal($"{DiskLength}", outcome.Value("size"));
        Assert.Equal(Sum(before), outcome.Value("found"));
        Assert.Equal(written, outcome.Value("read"));
        Assert.All([4, 12, 20, 28], at => Assert.Equal(written, Sum(after.AsSpan(at * Mebibyte, 4 * Mebibyte))));
        Assert.All([0, 8, 16, 24, 32], at => Assert.Equal(before[(at * Mebibyte)..((at + 4) * Mebibyte)], after[(at * Mebibyte)..((at + 4) * Mebibyte)]));
        Assert.Empty(BrokenHardware.FindIn(outcome));
    }

    [Fact]
    public void Disk_givenReadOnly_cannotBeWritten()
    {
        byte[] before = RandomNumberGenerator.GetBytes(Mebibyte);
        using var guest = new TestGuest(
            GuestAssets.CloudKernel,
            """
            echo "readonly=$(cat /sys/block/vda/ro)"
            if dd if=/dev/zero of=/dev/vda count=1 conv=fsync 2>/dev/null; then echo "write=done"; else echo "write=refused"; fi
            """,
            "virtio_pci",
            "virtio_blk");
        string disk = guest.Scratch.Write("disk.img", before);

        HearthOutcome outcome = guest.With("--disk", disk + ",readonly").Run().AssertPoweredOff();

        Assert.Equal("1", outcome.Value("readonly"));
        Assert.Equal("refused", outcome.Value("write"));
        Assert.Equal(before, File.ReadAllBytes(disk));
    }

    [Fact]
    public void Disks_givenTwice_appearInOrder()
    {
        using var guest = new TestGuest(
            GuestAssets.CloudKernel,
            "echo \"first=$(head -c 5 /dev/vda)\"; echo \"second=$(head -c 6 /dev/vdb)\"",
            "virtio_pci",
            "virtio_blk");
        string first = guest.Scratch.Write("first.img", [.. "first"u8, .. new byte[4091]]);
        string second = guest.Scratch.Write("second.img", [.. "second"u8, .. new byte[4090]]);

        HearthOutcome outcome = guest.With("--disk", first, "--disk", second).Run().AssertPoweredOff();

        Assert.Equal("first", outcome.Value("first"));
        Assert.Equal("second", outcome.Value("second"));
    }

    private static string Sum(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
