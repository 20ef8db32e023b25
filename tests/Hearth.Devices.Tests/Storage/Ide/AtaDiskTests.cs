using System.Buffers.Binary;
using System.Text;
using Hearth.Devices.Storage.Ide;
using Hearth.Devices.Tests.Virtio;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Storage.Ide;

/// <summary>The commands of a disk by PIO, as ATA/ATAPI-6 describes them.</summary>
public class AtaDiskTests
{
    private readonly FakeBlockBackend _disk = IdeRig.NumberedDisk(4 << 20);
    private readonly IdeRig _rig;

    public AtaDiskTests()
    {
        _rig = IdeRig.WithDisk(_disk);
    }

    [Fact]
    public void Reset_LeavesTheSignatureOfADisk()
    {
        Assert.Equal((1, 1, 1, 0, 0), (_rig.In(1), _rig.In(2), _rig.In(3), _rig.In(4), _rig.In(5)));
        Assert.Equal(0x50, _rig.In(7));
    }

    [Fact]
    public void Identify_TellsSizeSerialAndModes()
    {
        _rig.Issue(0xEC);
        byte[] identity = _rig.ReadBlock();

        int Word(int index) => BinaryPrimitives.ReadUInt16LittleEndian(identity.AsSpan(2 * index));
        string Text(int index, int words) => Encoding.ASCII.GetString([.. Enumerable.Range(0, 2 * words).Select(i => identity[(2 * index) + (i ^ 1)])]).Trim();
        Assert.Equal(8192U, BinaryPrimitives.ReadUInt32LittleEndian(identity.AsSpan(120)));
        Assert.Equal(8192UL, BinaryPrimitives.ReadUInt64LittleEndian(identity.AsSpan(200)));
        Assert.Equal(("serial", "HEARTH DISK"), (Text(10, 10), Text(27, 20)));
        Assert.Equal((0x0407, 0x003F), (Word(63), Word(88)));
        Assert.Equal(0x0400, Word(83) & 0x0400);
        Assert.Equal(0x50, _rig.In(7));
    }

    [Fact]
    public void ReadSectors_GivesAnInterruptForEachSectorAndNoneAtTheEnd()
    {
        _rig.Issue(0x20, lba: 7, count: 3);
        for (int sector = 7; sector < 10; sector++)
        {
            Assert.True(_rig.Line.IsAsserted);
            Assert.Equal(0x58, _rig.In(7));
            Assert.False(_rig.Line.IsAsserted);
            Assert.Equal(sector, BinaryPrimitives.ReadInt32LittleEndian(_rig.ReadBlock()));
        }

        Assert.False(_rig.Line.IsAsserted);
        Assert.Equal(0x50, _rig.In(7));
        Assert.Equal(3, _rig.Line.RisingEdges);
    }

    [Fact]
    public void ReadSectors_LongerThanTheBuffer_GoesOn()
    {
        _rig.IssueExt(0x24, lba: 100, count: 1000);

        for (int sector = 100; sector < 1100; sector++)
            Assert.Equal(sector, BinaryPrimitives.ReadInt32LittleEndian(_rig.ReadBlock()));
        Assert.Equal(0x50, _rig.In(7));
    }

    [Fact]
    public void ReadSectors_ByCylinderHeadAndSector_FindsThem()
    {
        _rig.Out(2, 1);
        _rig.Out(3, 5);
        _rig.Out(4, 2);
        _rig.Out(5, 0);
        _rig.Out(6, 0xA3);
        _rig.Out(7, 0x20);

        Assert.Equal((((2 * 16) + 3) * 63) + 4, BinaryPrimitives.ReadInt32LittleEndian(_rig.ReadBlock()));
    }

    [Fact]
    public void ReadMultiple_MovesAsManySectorsForAnInterruptAsWereSet()
    {
        _rig.Issue(0xC6, count: 8);
        int before = _rig.Line.RisingEdges;
        _rig.Issue(0xC4, lba: 0, count: 20);
        for (int sector = 0; sector < 20; sector++)
        {
            if (sector % 8 == 0)
                _rig.In(7);
            Assert.Equal(sector, BinaryPrimitives.ReadInt32LittleEndian(_rig.ReadBlock()));
        }

        Assert.Equal(3, _rig.Line.RisingEdges - before);
    }

    [Fact]
    public void ReadMultiple_BeforeItIsSetUp_IsAborted()
    {
        _rig.Issue(0xC4);

        Assert.Equal((0x51, 0x04), (_rig.In(7), _rig.In(1)));
    }

    [Theory]
    [InlineData(0x30, 1)]
    [InlineData(0xC5, 4)]
    public void Write_ThenRead_GivesTheSame(int command, int multiple)
    {
        byte[] data = new byte[6 * 512];
        new Random(3).NextBytes(data);
        _rig.Issue(0xC6, count: multiple);
        _rig.Issue(command, lba: 40, count: 6);
        for (int done = 0; done < data.Length; done += multiple * 512)
        {
            Assert.Equal(IdeRig.DataRequest, _rig.In(7) & (IdeRig.DataRequest | IdeRig.Busy));
            _rig.WriteBlock(data.AsSpan(done, Math.Min(multiple * 512, data.Length - done)));
            Assert.True(_rig.Line.IsAsserted);
        }

        Assert.Equal(0x50, _rig.In(7));
        Assert.Equal(data, _disk.Bytes[(40 * 512)..(46 * 512)]);
    }

    [Fact]
    public void Flush_ReachesTheBackend()
    {
        _rig.Issue(0xE7);

        Assert.Equal((1, 0x50), (_disk.Flushes, _rig.In(7)));
    }

    [Theory]
    [InlineData(0x20)]
    [InlineData(0x30)]
    [InlineData(0x40)]
    public void Command_PastTheEnd_FindsNothing(int command)
    {
        _rig.Issue(command, lba: 8190, count: 3);

        Assert.Equal((0x51, 0x10), (_rig.In(7), _rig.In(1)));
    }

    [Theory]
    [InlineData(0x20, 0x40)]
    [InlineData(0xE7, 0x04)]
    public void Command_ThatTheBackendFails_EndsWithAnError(int command, int error)
    {
        _disk.Result = BlockStatus.IoError;
        _rig.Issue(command);

        Assert.Equal((0x51, error), (_rig.In(7), _rig.In(1)));
    }

    [Fact]
    public void Write_ToAReadOnlyDisk_IsAborted()
    {
        var rig = IdeRig.WithDisk(new FakeBlockBackend { IsReadOnly = true });
        rig.Issue(0x30);

        Assert.Equal((0x51, 0x04), (rig.In(7), rig.In(1)));
    }

    [Theory]
    [InlineData(0x00)]
    [InlineData(0xA1)]
    [InlineData(0xF1)]
    [InlineData(0xFF)]
    public void Command_ThatIsUnknown_IsAborted(int command)
    {
        _rig.Issue(command);

        Assert.Equal((0x51, 0x04), (_rig.In(7), _rig.In(1)));
        Assert.Equal(1, _rig.Line.RisingEdges);
    }

    [Fact]
    public void Smart_ReturnStatus_SaysThatNothingIsWrong()
    {
        _rig.Out(1, 0xDA);
        _rig.Out(4, 0x4F);
        _rig.Out(5, 0xC2);
        _rig.Out(7, 0xB0);

        Assert.Equal((0x50, 0x4F, 0xC2), (_rig.In(7), _rig.In(4), _rig.In(5)));
    }

    [Fact]
    public void SetFeatures_OfATransferMode_ShowsInIdentify()
    {
        _rig.Out(1, 0x03);
        _rig.Issue(0xEF, count: 0x44);
        _rig.Issue(0xEC);
        byte[] identity = _rig.ReadBlock();

        Assert.Equal(0x103F, BinaryPrimitives.ReadUInt16LittleEndian(identity.AsSpan(176)));
        Assert.Equal(0x0007, BinaryPrimitives.ReadUInt16LittleEndian(identity.AsSpan(126)));
    }

    [Fact]
    public void ReadNativeMaximumExt_GivesTheLastSectorThroughHob()
    {
        _rig.Issue(0x27);

        Assert.Equal((0xFF, 0x1F, 0), (_rig.In(3), _rig.In(4), _rig.In(5)));
        _rig.OutControl(0x80);
        Assert.Equal(0, _rig.In(3));
    }

    [Fact]
    public void Interrupts_SwitchedOff_StayAway()
    {
        _rig.OutControl(0x02);
        _rig.Issue(0xE7);
        Assert.False(_rig.Line.IsAsserted);

        // What was pending is seen when they are switched on again.
        _rig.OutControl(0);
        Assert.True(_rig.Line.IsAsserted);
    }

    [Fact]
    public void AlternateStatus_Read_LeavesTheInterrupt()
    {
        _rig.Issue(0xE7);

        Assert.Equal(0x50, _rig.AlternateStatus());
        Assert.True(_rig.Line.IsAsserted);
    }

    [Fact]
    public void SoftReset_EndsATransfer()
    {
        _rig.Issue(0x20, count: 4);
        _rig.InData();
        _rig.OutControl(0x04);
        Assert.Equal(IdeRig.Busy, _rig.AlternateStatus());
        _rig.OutControl(0);

        Assert.Equal((0x50, 1, 1), (_rig.In(7), _rig.In(1), _rig.In(2)));
        Assert.Equal(0, _rig.InData());
    }

    [Fact]
    public void Diagnostic_SelectsTheFirstDriveAndPasses()
    {
        _rig.Out(6, 0xB0);
        _rig.Out(7, 0x90);

        Assert.True(_rig.Line.IsAsserted);
        Assert.Equal((0x50, 1), (_rig.In(7), _rig.In(1)));
    }

    [Fact]
    public void AbsentSlave_ReadsAsZeros_AndAnEmptyChannelFloats()
    {
        _rig.Out(6, 0xB0);

        Assert.Equal((0, 0), (_rig.In(7), _rig.In(2)));
        Assert.Equal((0x7F, 0x7F), (_rig.Machine.In(0x177), _rig.Machine.In(0x376)));
    }

    [Fact]
    public void Ports_WithoutDecoding_DoNotAnswer()
    {
        _rig.Pci.Write(1, 1, 0x40, 0, AccessWidth.Word);

        Assert.Equal(0xFF, _rig.In(7));
        Assert.Equal(0xFF, _rig.AlternateStatus());
    }

    [Fact]
    public void Command_WhileBusy_IsNotHeard()
    {
        _disk.Waits = true;
        _rig.Issue(0x20);
        _rig.Out(7, 0xEC);
        Assert.Equal(IdeRig.Busy, _rig.AlternateStatus());
        _disk.CompleteOne();

        Assert.Equal(0, BinaryPrimitives.ReadInt32LittleEndian(_rig.ReadBlock()));
        Assert.Equal(0x50, _rig.In(7));
    }

    [Fact]
    public void SoftReset_WithARequestInFlight_WaitsForIt()
    {
        _disk.Waits = true;
        _rig.Issue(0x20);
        _rig.OutControl(0x04);
        _rig.OutControl(0);
        Assert.Equal(IdeRig.Busy, _rig.AlternateStatus());
        _disk.CompleteOne();

        Assert.Equal(0x50, _rig.In(7));
        Assert.False(_rig.Line.IsAsserted);
    }

    [Fact]
    public void Pio_AllocatesNothing()
    {
        void Work()
        {
            _rig.Issue(0x20, lba: 3, count: 2);
            for (int i = 0; i < 512; i++)
                _rig.InData();
            _rig.Issue(0x30, lba: 3, count: 1);
            for (int i = 0; i < 256; i++)
                _rig.OutData(i);
        }

        Assert.Equal(0, Allocations.Of(Work));
    }
}
