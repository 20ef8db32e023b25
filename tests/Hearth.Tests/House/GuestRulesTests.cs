using Hearth.Commands;
using Hearth.House;
using Hearth.Protocol;
using Hearth.Screen;

namespace Hearth.Tests.House;

public sealed class GuestRulesTests
{
    private static readonly GuestDefinition s_plain = new() { Name = "play", Disks = [new GuestDisk("/play.qcow2")] };

    [Theory]
    [InlineData("play")]
    [InlineData("Мамина_гра-2")]
    [InlineData("学习")]
    [InlineData("हिन्दी")]
    [InlineData("a")]
    [InlineData("12345678901234567890123456789012")]
    public void Name_ofLettersAndDigits_isOne(string name) => Assert.Equal(name, GuestRules.Require(s_plain with { Name = name }).Name);

    [Theory]
    [InlineData("", "a guest needs a name")]
    [InlineData("a b", "\"a b\" cannot be a guest's name")]
    [InlineData("-a", "cannot be a guest's name")]
    [InlineData("a/b", "cannot be a guest's name")]
    [InlineData("a\n", "cannot be a guest's name")]
    [InlineData("123456789012345678901234567890123", "is too long for a guest's name: it may have 32 characters")]
    public void Name_ofAnythingElse_isNone(string name, string expected) => AssertRefused(s_plain with { Name = name }, expected);

    [Fact]
    public void Require_whatMakesNoSense_saysWhat()
    {
        AssertRefused(new GuestDefinition { Name = "a" }, "nothing to run: give the guest a disk with --disk FILE");
        AssertRefused(s_plain with { Engine = "steam" }, "--engine steam is none of auto, software and kvm");
        AssertRefused(s_plain with { Memory = "1" }, "--memory 1 is too little");
        AssertRefused(s_plain with { Cpus = 9 }, "--cpus 9 is not between 1 and 8");
        AssertRefused(s_plain with { Paravirtual = "xen" }, "--paravirtual xen is none of");
        AssertRefused(s_plain with { Kernel = "/k", BootOrder = ["cd"] }, "do not go with --kernel FILE");
        AssertRefused(s_plain with { Append = "quiet" }, "--initrd and --append need --kernel FILE");
        AssertRefused(s_plain with { Disks = [new GuestDisk("play.img")] }, "play.img does not say where it is: write it from the root");
        AssertRefused(s_plain with { Disks = [new GuestDisk("/a", "vmdk")] }, "vmdk is neither raw nor qcow2");
        AssertRefused(s_plain with { Disks = [new GuestDisk("/a", Bus: "scsi")] }, "scsi is neither virtio nor ide");
        AssertRefused(s_plain with { CdRoms = [""] }, "a file of the guest has no name");
        AssertRefused(s_plain with { BootOrder = ["floppy"] }, "--boot floppy is none of disk, cd, net and menu");
        AssertRefused(s_plain with { BootOrder = ["cd", "cd"] }, "--boot says cd twice");
        AssertRefused(s_plain with { Networks = ["wifi"] }, "--net wifi is none of");
        AssertRefused(s_plain with { Networks = ["switch:lan/a"] }, "lan/a does not say where it is");
        AssertRefused(s_plain with { Networks = [.. Enumerable.Repeat("user", 9)] }, "a guest has at most 8 NICs");
        AssertRefused(s_plain with { Vga = "cirrus" }, "--vga cirrus is none of std, virtio and none");
        AssertRefused(s_plain with { Vga = "none", Screen = "800x600" }, "--screen needs a graphics card");
        AssertRefused(s_plain with { Screen = "10x10" }, "--screen 10x10 is no size");
        AssertRefused(s_plain with { Sound = "loud" }, "--sound loud is none of");
        AssertRefused(s_plain with { Input = "usb" }, "--input usb is neither");
        AssertRefused(s_plain with { Balloon = "1G" }, "--balloon takes 1024M of the 1024M");
        AssertRefused(s_plain with { Watchdog = "bark" }, "--watchdog bark is none of");
        AssertRefused(s_plain with { Vsock = "1:/a" }, "a guest's number is 3 to");
        AssertRefused(s_plain with { CpuWeight = 0 }, "--cpu-weight 0 is not between 1 and 10000");
        AssertRefused(s_plain with { CpuCap = 101 }, "--cpu-cap 101 is not between 1 and 100");
        AssertRefused(s_plain with { CheckpointSeconds = -1 }, "--checkpoint -1 is not between 0, for none, and 86400 seconds");
    }

    [Fact]
    public void ToRunOptions_isWhatVmRunWouldHaveBeenAskedFor()
    {
        VmRunOptions options = GuestRules.ToRunOptions(s_plain with
        {
            Memory = "64M",
            Disks = [new GuestDisk("/a,b", "raw", "ide", true)],
            BootOrder = ["cd", "menu"],
            Networks = ["none", "user"],
            Screen = "800x600",
            Watchdog = "report",
            Balloon = "16M",
        });

        Assert.Equal((64UL << 20, 16UL << 20), (options.Memory, options.Balloon));
        Assert.Equal(["/a,b,format=raw,bus=ide,readonly"], options.Disks);
        Assert.Equal(["cd"], options.BootOrder);
        Assert.True(options.BootMenu);
        Assert.Equal(NetworkKind.User, Assert.Single(options.Networks).Kind);
        Assert.Equal((new ScreenSize(800, 600), WatchdogAction.Report), (options.Screen, options.Watchdog));
        Assert.Equal(("std", "none"), (options.Vga, options.Serial));
    }

    private static void AssertRefused(GuestDefinition definition, string expected)
    {
        var error = Assert.Throws<HouseException>(() => GuestRules.Require(definition));
        Assert.Equal(HouseFailure.Invalid, error.Failure);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }
}
