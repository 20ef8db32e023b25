namespace Hearth.Boot.Tests;

public sealed class SideBySideTests
{
    private const string Script = """
        echo "name=$(head -c 5 /dev/vda)"
        echo ready
        read go < /dev/ttyS0
        echo "heard=$go"
        """;

    [Fact]
    public void TwoGuests_runAtOnce_eachWithItsOwnDiskAndConsole()
    {
        using var left = new TestGuest(GuestAssets.CloudKernel, Script, "virtio_pci", "virtio_blk");
        using var right = new TestGuest(GuestAssets.Kernel, Script, "virtio_pci", "virtio_blk");
        left.With("--disk", left.Scratch.Write("disk.img", [.. "left."u8, .. new byte[4091]]));
        right.With("--disk", right.Scratch.Write("disk.img", [.. "right"u8, .. new byte[4091]]));

        using HearthProcess first = left.Start();
        using HearthProcess second = right.Start();
        first.WaitForText("ready");
        second.WaitForText("ready");
        first.Type("to the left\n");
        second.Type("to the right\n");
        HearthOutcome one = first.WaitForExit().AssertPoweredOff();
        HearthOutcome other = second.WaitForExit().AssertPoweredOff();

        Assert.Equal("left.", one.Value("name"));
        Assert.Equal("to the left", one.Value("heard"));
        Assert.Equal("right", other.Value("name"));
        Assert.Equal("to the right", other.Value("heard"));
    }
}
