using System.Text;
using Hearth.Protocol;

namespace Hearth.Tests.Protocol;

public sealed class GuestConfigurationJsonTests
{
    [Fact]
    public void Read_whatWasWritten_isTheSame()
    {
        var configuration = new GuestConfiguration
        {
            Memory = 512 << 20,
            Cpus = 4,
            CpuModel = "x86-64-v2",
            Kernel = new OpenFile(5, "vmlinuz"),
            CommandLine = "console=ttyS0 \"quoted\" ünïcode",
            Serial = new SerialConfiguration(1, 0),
            Console = new SerialConfiguration(7, null),
            DebugExitPort = 0xF4,
            ExitOnReset = true,
            EntropyDevice = false,
            Outputs = [new OutputFile(7, 12, "console.log"), new OutputFile(8, null, "serial.log")],
            Networks = [new NetworkConfiguration(9, "02:00:00:00:00:01"), new NetworkConfiguration(12, "02:00:00:00:00:02") { IsTap = true }],
            Save = new SaveConfiguration(10, 11, "guest.state"),
        };

        GuestConfiguration read = GuestConfigurationJson.Read(GuestConfigurationJson.Write(configuration));

        // Lists compare by identity.
        Assert.Equal(configuration.Networks, read.Networks);
        Assert.Equal(configuration.Outputs, read.Outputs);
        Assert.Equal(
            configuration with { Networks = [], Outputs = [] },
            read with { Modules = [], Disks = [], CdRoms = [], BootOrder = [], Networks = [], Outputs = [], Input = configuration.Input });
    }

    [Fact]
    public void Read_soundAndInput_areTheSame()
    {
        InputStep step = new(20, InputTarget.Mouse, [new InputChange(2, 0, -5)]);
        var sound = new SoundConfiguration(new OpenFile(4, "out.wav"), new OpenFile(5, "in.wav"));
        var configuration = new GuestConfiguration { Sound = sound, Input = new InputConfiguration([InputTarget.Keyboard, InputTarget.Gamepad], [step]) };

        GuestConfiguration read = GuestConfigurationJson.Read(GuestConfigurationJson.Write(configuration));

        Assert.Equal(sound, read.Sound);
        Assert.Equal(configuration.Input.Devices, read.Input.Devices);
        InputStep only = Assert.Single(read.Input.Script);
        Assert.Equal((20, InputTarget.Mouse), (only.Delay, only.Target));
        Assert.Equal(step.Changes, only.Changes);
    }

    [Fact]
    public void Read_disksAndModules_keepTheirOrder()
    {
        DiskConfiguration[] disks = [new(new OpenFile(4, "a"), false), new(new OpenFile(5, "b"), true, DiskConfiguration.Ide) { Format = "qcow2" }];
        BackingConfiguration[] backing = [new(new OpenFile(7, "c"), "qcow2"), new(new OpenFile(8, "d"), "raw")];
        disks[1] = disks[1] with { Backing = backing };
        ModuleConfiguration[] modules = [new(new OpenFile(6, "m"), "m one two")];

        GuestConfiguration read = GuestConfigurationJson.Read(GuestConfigurationJson.Write(new GuestConfiguration { Disks = disks, Modules = modules }));

        Assert.Equal(disks.Select(disk => disk with { Backing = [] }), read.Disks.Select(disk => disk with { Backing = [] }));
        Assert.Empty(read.Disks[0].Backing);
        Assert.Equal(backing, read.Disks[1].Backing);
        Assert.Equal(modules, read.Modules);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{\"Unknown\":1}")]
    [InlineData("{\"Version\":2}")]
    [InlineData("{\"CommandLine\":null}")]
    public void Read_somethingElse_isRefused(string json) =>
        Assert.Throws<FormatException>(() => GuestConfigurationJson.Read(Encoding.UTF8.GetBytes(json)));
}
