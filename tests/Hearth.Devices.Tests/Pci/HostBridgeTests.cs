using Hearth.Devices.Pci;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Pci;

/// <summary>The memory attribute registers (82441FX, section 3.2.18).</summary>
public class HostBridgeTests
{
    private readonly PciRig _rig = new();
    private readonly RecordingShadow _shadow = new();
    private readonly HostBridge _bridge;

    public HostBridgeTests()
    {
        _bridge = new HostBridge(_rig.Machine.Context, _shadow);
        _rig.Bus.Add(_bridge, 0);
        _bridge.Reset();
    }

    [Fact]
    public void Reset_LetsEverySegmentReadRom()
    {
        Assert.All(_shadow.Segments, segment => Assert.Equal((false, false), segment));
    }

    [Theory]
    [InlineData(0x59, 0x10, 12, 15)]
    [InlineData(0x5A, 0x01, 0, 0)]
    [InlineData(0x5A, 0x10, 1, 1)]
    [InlineData(0x5F, 0x01, 10, 10)]
    [InlineData(0x5F, 0x10, 11, 11)]
    public void Attributes_Written_SteerTheirSegments(int register, uint readEnable, int first, int last)
    {
        _rig.Write(0, 0, register, readEnable * 3, AccessWidth.Byte);
        (bool, bool)[] both = [.. _shadow.Segments];
        _rig.Write(0, 0, register, readEnable, AccessWidth.Byte);
        (bool, bool)[] readOnly = [.. _shadow.Segments];

        for (int segment = 0; segment < 16; segment++)
        {
            bool isTheirs = segment >= first && segment <= last;
            Assert.Equal((isTheirs, isTheirs), both[segment]);
            Assert.Equal((isTheirs, false), readOnly[segment]);
        }
    }

    [Fact]
    public void Attributes_WrittenAsADword_SteerAllThatItHolds()
    {
        _rig.Write(0, 0, 0x58, 0x3333_3000);

        Assert.Equal([true, true, true, true], _shadow.Segments[..4].Select(segment => segment.Reads));
        Assert.True(_shadow.Segments[12].Writes);
    }

    [Fact]
    public void Restore_SteersAsItWasSaved()
    {
        _rig.Write(0, 0, 0x59, 0x10, AccessWidth.Byte);
        byte[] saved = TestMachine.Save(_bridge);
        var shadow = new RecordingShadow();
        var other = new HostBridge(new PciRig().Machine.Context, shadow);

        TestMachine.Restore(other, saved);

        Assert.Equal(_shadow.Segments, shadow.Segments);
    }

    [Fact]
    public void Subsystem_IsWhatSeaBiosLooksFor()
    {
        Assert.Equal(0x1100_1AF4U, _rig.Read(0, 0, 0x2C));
    }

    private sealed class RecordingShadow : IShadowMemory
    {
        public (bool Reads, bool Writes)[] Segments { get; } = new (bool, bool)[16];

        public void Steer(int segment, bool readsRam, bool writesRam) => Segments[segment] = (readsRam, writesRam);
    }
}
