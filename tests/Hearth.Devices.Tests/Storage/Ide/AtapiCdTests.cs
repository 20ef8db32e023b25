using System.Buffers.Binary;
using Hearth.Devices.Storage.Ide;
using Hearth.Devices.Tests.Virtio;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Storage.Ide;

/// <summary>Packet commands, as SFF-8020i and MMC-3 describe them.</summary>
public class AtapiCdTests
{
    private const int Sector = 2048;

    private readonly FakeBlockBackend _disc = IdeRig.NumberedDisk(2 << 20, Sector);
    private readonly IdeRig _rig;

    public AtapiCdTests()
    {
        _rig = new IdeRig(new IdeUnit(_disc, IsCd: true, "disc"));

        // The first command after power-on meets a unit attention.
        _rig.SendPacket([0x00]);
        _rig.In(7);
    }

    [Fact]
    public void Reset_LeavesTheSignatureOfAPacketDevice()
    {
        _rig.OutControl(0x04);
        _rig.OutControl(0);

        Assert.Equal((0x14, 0xEB, 0), (_rig.In(4), _rig.In(5), _rig.In(7)));
    }

    [Fact]
    public void IdentifyDevice_IsAbortedWithTheSignature()
    {
        _rig.Out(7, 0xEC);

        Assert.Equal((0x51, 0x04, 0x14, 0xEB), (_rig.In(7), _rig.In(1), _rig.In(4), _rig.In(5)));
    }

    [Fact]
    public void IdentifyPacketDevice_SaysCdWithPacketsOf12Bytes()
    {
        _rig.Out(7, 0xA1);

        Assert.Equal(0x85C0, BinaryPrimitives.ReadUInt16LittleEndian(_rig.ReadBlock()));
    }

    [Fact]
    public void FirstCommand_MeetsAUnitAttentionOnce()
    {
        var rig = new IdeRig(new IdeUnit(_disc, IsCd: true, "disc"));
        rig.SendPacket([0x00]);
        Assert.Equal((0x51, 0x64), (rig.In(7), rig.In(1)));
        rig.SendPacket([0x03, 0, 0, 0, 18]);
        byte[] sense = rig.ReadBlock(18);
        rig.SendPacket([0x00]);

        Assert.Equal((6, 0x29), (sense[2], sense[12]));
        Assert.Equal(0x50, rig.In(7));
    }

    [Fact]
    public void Packet_IsAskedForAndEndsWithItsPhases()
    {
        _rig.Out(7, 0xA0);
        Assert.Equal((0x58, 1), (_rig.In(7), _rig.In(2)));
        _rig.WriteBlock(new byte[12]);

        Assert.Equal((3, 0x50), (_rig.In(2), _rig.In(7)));
    }

    [Fact]
    public void Read_ByPio_ComesInBlocksOfTheHostsSize()
    {
        _rig.SendPacket([0x28, 0, 0, 0, 0, 10, 0, 0, 3], byteCount: 4096);
        Assert.Equal((0x58, 2), (_rig.In(7), _rig.In(2)));
        Assert.Equal(4096, _rig.In(4) | (_rig.In(5) << 8));
        byte[] first = _rig.ReadBlock(4096);
        Assert.Equal(2048, _rig.In(4) | (_rig.In(5) << 8));
        byte[] second = _rig.ReadBlock(2048);

        byte[] read = [.. first, .. second];
        Assert.Equal(_disc.Bytes[(10 * Sector)..(13 * Sector)], read);
        Assert.Equal((3, 0x50), (_rig.In(2), _rig.In(7)));
    }

    [Fact]
    public void Read_ByDma_FillsMemory()
    {
        _rig.PutTable(new DmaRegion(0x8000, 0x8000), new DmaRegion(0x2_0000, 0x8000, IsLast: true));
        _rig.SendPacket([0xA8, 0, 0, 0, 0, 5, 0, 0, 0, 32], dma: true);
        _rig.StartMaster(toMemory: true);

        byte[] read = [.. _rig.Ram[0x8000..0x1_0000], .. _rig.Ram[0x2_0000..0x2_8000]];
        Assert.Equal(_disc.Bytes[(5 * Sector)..(37 * Sector)], read);
        Assert.Equal((4, 0x50), (_rig.MasterStatus(), _rig.In(7)));
    }

    [Fact]
    public void Read_PastTheEnd_IsRefused()
    {
        _rig.SendPacket([0x28, 0, 0, 0, 3, 0xFF, 0, 0, 2]);

        Assert.Equal((0x51, 0x54), (_rig.In(7), _rig.In(1)));
        Assert.Equal((5, 0x21), Sense());
    }

    [Fact]
    public void ReadCapacity_GivesTheLastSector()
    {
        _rig.SendPacket([0x25]);
        byte[] capacity = _rig.ReadBlock(8);

        Assert.Equal([0, 0, 3, 0xFF, 0, 0, 8, 0], capacity);
    }

    [Theory]
    [InlineData(false, new byte[] { 0, 18, 1, 1, 0, 0x14, 1, 0, 0, 0, 0, 0, 0, 0x14, 0xAA, 0, 0, 0, 4, 0 })]
    [InlineData(true, new byte[] { 0, 18, 1, 1, 0, 0x14, 1, 0, 0, 0, 2, 0, 0, 0x14, 0xAA, 0, 0, 0, 15, 49 })]
    public void ReadToc_HasOneDataTrackAndTheLeadOut(bool inMinutes, byte[] expected)
    {
        _rig.SendPacket([0x43, (byte)(inMinutes ? 2 : 0), 0, 0, 0, 0, 0, 0, 20]);

        Assert.Equal(expected, _rig.ReadBlock(20));
    }

    [Fact]
    public void ReadToc_CutByTheAllocation_GivesItsStart()
    {
        _rig.SendPacket([0x43, 0, 0, 0, 0, 0, 0, 0, 4]);

        Assert.Equal([0, 18, 1, 1], _rig.ReadBlock(4));
        Assert.Equal(0x50, _rig.In(7));
    }

    [Fact]
    public void GetConfiguration_NamesTheProfileOfTheDisc()
    {
        _rig.SendPacket([0x46, 0, 0, 0, 0, 0, 0, 0, 8]);

        Assert.Equal(8, _rig.ReadBlock(8)[7]);
    }

    [Theory]
    [InlineData(new byte[] { 0x5A, 0, 0x2A, 0, 0, 0, 0, 0, 28 }, 28, 26)]
    [InlineData(new byte[] { 0x1A, 0, 0x2A, 0, 24 }, 24, 23)]
    public void ModeSense_OfTheCapabilities_GivesTheirPage(byte[] packet, int length, int said)
    {
        _rig.SendPacket(packet);
        byte[] page = _rig.ReadBlock(length);

        Assert.Equal((said, 0x2A), (packet[0] == 0x5A ? page[1] : page[0], page[length - 20]));
    }

    [Fact]
    public void Eject_OfALockedDisc_IsRefusedUntilItIsAllowed()
    {
        _rig.SendPacket([0x1E, 0, 0, 0, 1]);
        _rig.SendPacket([0x1B, 0, 0, 0, 2]);
        Assert.Equal((5, 0x53), Sense());
        _rig.SendPacket([0x1E, 0, 0, 0, 0]);
        _rig.SendPacket([0x1B, 0, 0, 0, 2]);
        Assert.Equal(0x50, _rig.In(7));
        _rig.SendPacket([0x25]);

        Assert.Equal((2, 0x3A), Sense());
    }

    [Fact]
    public void Load_AfterEject_BringsTheDiscBackWithAUnitAttention()
    {
        _rig.SendPacket([0x1B, 0, 0, 0, 2]);
        _rig.SendPacket([0x1B, 0, 0, 0, 3]);
        _rig.SendPacket([0x00]);
        Assert.Equal((6, 0x28), Sense());
        _rig.SendPacket([0x00]);

        Assert.Equal(0x50, _rig.In(7));
    }

    [Fact]
    public void ChangeMedium_IsSeenByEventAndByUnitAttention()
    {
        _rig.Device.ChangeMedium(0, new FakeBlockBackend(1 << 20));

        _rig.SendPacket([0x4A, 1, 0, 0, 0x10, 0, 0, 0, 8]);
        byte[] event1 = _rig.ReadBlock(8);
        _rig.SendPacket([0x4A, 1, 0, 0, 0x10, 0, 0, 0, 8]);
        byte[] event2 = _rig.ReadBlock(8);
        _rig.SendPacket([0x00]);

        Assert.Equal([0, 6, 4, 0x10, 2, 2, 0, 0], event1);
        Assert.Equal(0, event2[4]);
        Assert.Equal((6, 0x28), Sense());
        _rig.SendPacket([0x25]);
        Assert.Equal([0, 0, 1, 0xFF], _rig.ReadBlock(8)[..4]);
    }

    [Fact]
    public void Drive_WithoutADisc_SaysSo()
    {
        var rig = new IdeRig(new IdeUnit(null, IsCd: true, "disc"));
        rig.SendPacket([0x00]);

        Assert.Equal((0x51, 0x24), (rig.In(7), rig.In(1)));
    }

    [Theory]
    [InlineData(0x2A)]
    [InlineData(0xBE)]
    [InlineData(0xFF)]
    public void Command_ThatIsUnknown_IsRefused(byte command)
    {
        _rig.SendPacket([command]);

        Assert.Equal((5, 0x20), Sense());
    }

    [Fact]
    public void Read_ThatTheBackendFails_IsAMediumError()
    {
        _disc.Result = BlockStatus.IoError;
        _rig.SendPacket([0x28, 0, 0, 0, 0, 0, 0, 0, 1]);

        Assert.Equal((0x51, 0x34), (_rig.In(7), _rig.In(1)));
    }

    [Fact]
    public void DeviceReset_EndsATransfer()
    {
        _rig.SendPacket([0x28, 0, 0, 0, 0, 0, 0, 0, 4]);
        _rig.InData();
        _rig.Out(7, 0x08);

        Assert.Equal((0, 0x14, 0xEB), (_rig.In(7), _rig.In(4), _rig.In(5)));
        _rig.SendPacket([0x25]);
        Assert.Equal(8, _rig.ReadBlock(8)[6]);
    }

    [Fact]
    public void Read_AllocatesNothing()
    {
        byte[] packet = [0x28, 0, 0, 0, 0, 1, 0, 0, 2];
        void Work()
        {
            _rig.SendPacket(packet);
            for (int i = 0; i < Sector; i++)
                _rig.InData();
            _rig.In(7);
        }

        Assert.Equal(0, Allocations.Of(Work));
    }

    private (int Key, int Code) Sense()
    {
        _rig.SendPacket([0x03, 0, 0, 0, 18]);
        byte[] sense = _rig.ReadBlock(18);
        return (sense[2], sense[12]);
    }
}
