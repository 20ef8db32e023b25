using System.Text;
using Hearth.Guests.Initramfs;

namespace Hearth.Boot.Tests;

public sealed class OtherProtocolTests
{
    private const int ExitCode = (TinyKernel.ExitValue << 1) | 1;

    [Fact]
    [Trait(TestEngine.Suite, TestEngine.Few)]
    public void MultibootKernel_withModules_getsThemAndItsCommandLine()
    {
        using var scratch = new ScratchDirectory();
        string kernel = scratch.Write("tiny.elf", TinyKernel.Build(multiboot: true));
        string first = scratch.Write("first.mod", "one one one"u8.ToArray());
        string second = scratch.Write("second.mod", "two"u8.ToArray());

        HearthOutcome outcome = HearthProcess.Run(
            ["vm", "run", .. TestEngine.Arguments, "--kernel", kernel, "--append", "fast=1 quiet", "--module", $"{first} first arguments", "--module", second,
             "--memory", "64M", "--serial", "stdio", "--debug-exit"]);

        Assert.True(outcome.ExitCode == ExitCode, outcome.Console + outcome.Error);
        Assert.Equal("multiboot", outcome.Lines[0]);
        Assert.Contains("fast=1 quiet:", outcome.Lines[1], StringComparison.Ordinal);
        Assert.EndsWith("first arguments:one one one", outcome.Lines[1], StringComparison.Ordinal);
        Assert.EndsWith("second.mod:two", outcome.Lines[2], StringComparison.Ordinal);
    }

    [Fact]
    [Trait(TestEngine.Suite, TestEngine.Few)]
    public void PvhKernel_withAnInitrd_getsItAndItsCommandLine()
    {
        using var scratch = new ScratchDirectory();
        string kernel = scratch.Write("tiny.elf", TinyKernel.Build(multiboot: false));
        string initrd = scratch.Write("initrd", "the initrd"u8.ToArray());

        HearthOutcome outcome = HearthProcess.Run(
            ["vm", "run", .. TestEngine.Arguments, "--kernel", kernel, "--append", "fast=1", "--initrd", initrd, "--memory", "64M", "--serial", "stdio", "--debug-exit", "0xf4"]);

        Assert.True(outcome.ExitCode == ExitCode, outcome.Console + outcome.Error);
        Assert.Equal("pvh", outcome.Lines[0]);
        Assert.Equal("fast=1::the initrd", outcome.Lines[1]);
    }

    [Fact]
    public void Vmlinux_startedByPvh_reachesInitAndPowersOff()
    {
        using var scratch = new ScratchDirectory();
        byte[] vmlinux = Vmlinux.Extract(File.ReadAllBytes(GuestAssets.FetchKernel(GuestAssets.CloudKernel).Image));
        byte[] initramfs = GuestAssets.Initramfs(GuestAssets.CloudKernel, "echo \"release=$(uname -r)\"").Build();

        HearthOutcome outcome = HearthProcess.Run(
            ["vm", "run", .. TestEngine.Arguments, "--kernel", scratch.Write("vmlinux", vmlinux), "--initrd", scratch.Write("initrd.img", initramfs),
             "--append", TestGuest.CommandLine, "--memory", "512M", "--serial", "stdio", "--no-reboot"]).AssertPoweredOff();

        Assert.Contains(InitramfsBuilder.InitMarker, outcome.Lines);
        Assert.Equal("\u007FELF", Encoding.Latin1.GetString(vmlinux, 0, 4));
        Assert.Equal(GuestAssets.FetchKernel(GuestAssets.CloudKernel).Release, outcome.Value("release"));
        Assert.Empty(BrokenHardware.FindIn(outcome));
    }
}
