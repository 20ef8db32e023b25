using System.Buffers.Binary;
using Hearth.Devices.Tests.Virtio;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Storage.Ide;

/// <summary>DMA, and what the interrupt and active bits say of its end (Bus Master IDE 1.0, section 3).</summary>
public class BusMasterTests
{
    private const int Active = 1;
    private const int Failed = 2;
    private const int Interrupt = 4;

    private readonly FakeBlockBackend _disk = IdeRig.NumberedDisk(4 << 20);
    private readonly IdeRig _rig;

    public BusMasterTests()
    {
        _rig = IdeRig.WithDisk(_disk);
    }

    [Fact]
    public void Read_IntoSeveralRegions_FillsThemInOrder()
    {
        _rig.PutTable(new DmaRegion(0x8000, 100), new DmaRegion(0x2_0000, 1000), new DmaRegion(0x9000, 436, IsLast: true));
        _rig.Issue(0xC8, lba: 5, count: 3);
        _rig.StartMaster(toMemory: true);

        byte[] read = [.. _rig.Ram[0x8000..0x8064], .. _rig.Ram[0x2_0000..0x2_03E8], .. _rig.Ram[0x9000..0x91B4]];
        Assert.Equal(_disk.Bytes[(5 * 512)..(8 * 512)], read);
        Assert.Equal(Interrupt, _rig.MasterStatus());
        Assert.True(_rig.Line.IsAsserted);
        Assert.Equal(0x50, _rig.In(7));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Read_InEitherOrderOfCommandAndStart_Works(bool commandFirst)
    {
        _rig.PutTable(new DmaRegion(0x8000, 512, IsLast: true));
        if (commandFirst)
            _rig.Issue(0xC8, lba: 9);
        _rig.StartMaster(toMemory: true);
        if (!commandFirst)
            _rig.Issue(0xC8, lba: 9);

        Assert.Equal(9, BinaryPrimitives.ReadInt32LittleEndian(_rig.Ram.AsSpan(0x8000)));
        Assert.Equal(Interrupt, _rig.MasterStatus());
    }

    [Fact]
    public void Write_LongerThanTheBuffer_ReachesTheDisk()
    {
        new Random(4).NextBytes(_rig.Ram.AsSpan(0x1_0000, 0x6_0000));
        _rig.PutTable(new DmaRegion(0x1_0000, 0x1_0000), new DmaRegion(0x2_0000, 0x1_0000), new DmaRegion(0x3_0000, 0x1_0000), new DmaRegion(0x4_0000, 0x1_0000), new DmaRegion(0x5_0000, 0x8000, IsLast: true));
        _rig.IssueExt(0x35, lba: 64, count: 576);
        _rig.StartMaster(toMemory: false);

        Assert.Equal(Interrupt, _rig.MasterStatus());
        Assert.True(_rig.Ram.AsSpan(0x1_0000, 576 * 512).SequenceEqual(_disk.Bytes.AsSpan(64 * 512, 576 * 512)));
    }

    [Fact]
    public void Read_IntoMoreThanIsRead_LeavesTheMasterActive()
    {
        _rig.PutTable(new DmaRegion(0x8000, 1024, IsLast: true));
        _rig.Issue(0xC8);
        _rig.StartMaster(toMemory: true);

        Assert.Equal(Interrupt | Active, _rig.MasterStatus());
        _rig.Machine.Out(IdeRig.MasterBase, 0);
        Assert.Equal(Interrupt, _rig.MasterStatus());
    }

    [Fact]
    public void Read_IntoLessThanIsRead_EndsWithoutAnInterrupt()
    {
        _rig.PutTable(new DmaRegion(0x8000, 256, IsLast: true));
        _rig.Issue(0xC8);
        _rig.StartMaster(toMemory: true);

        Assert.Equal(0, _rig.MasterStatus());
        Assert.False(_rig.Line.IsAsserted);
        Assert.Equal(0x58, _rig.AlternateStatus());

        // The driver gives up, and the drive is as new.
        _rig.OutControl(0x04);
        _rig.OutControl(0);
        Assert.Equal(0x50, _rig.In(7));
    }

    [Theory]
    [InlineData(0xFFFF_FFF0)]
    [InlineData(0x00FF_FFFE)]
    public void Region_OutsideRam_IsAnError(uint address)
    {
        _rig.PutTable(new DmaRegion(address, 512, IsLast: true));
        _rig.Issue(0xC8);
        _rig.StartMaster(toMemory: true);

        Assert.Equal(Failed, _rig.MasterStatus());
        Assert.Equal("a region of a DMA transfer is not in RAM", _rig.Machine.Log.LastMessage);
        Assert.False(_rig.Line.IsAsserted);
    }

    [Fact]
    public void Table_OutsideRam_IsAnError()
    {
        _rig.Machine.OutDword(IdeRig.MasterBase + 4, 0xFFFF_FFFF);
        _rig.Issue(0xCA);
        _rig.StartMaster(toMemory: false);

        Assert.Equal(Failed, _rig.MasterStatus());
        Assert.Equal(1, _rig.Machine.Log.Count);
    }

    [Fact]
    public void Table_WithoutAnEnd_EndsWithTheTransfer()
    {
        // Descriptors of zeros: 64 KiB at address 0, again and again, the table itself included.
        _rig.Machine.OutDword(IdeRig.MasterBase + 4, 0x1_0000);
        _rig.IssueExt(0x25, lba: 0, count: 8192);
        _rig.StartMaster(toMemory: true);

        Assert.Equal(Interrupt | Active, _rig.MasterStatus());
        Assert.Equal(0x50, _rig.In(7));
    }

    [Fact]
    public void Master_StartedTheWrongWay_MovesNothing()
    {
        _rig.PutTable(new DmaRegion(0x8000, 512, IsLast: true));
        _rig.Issue(0xC8, lba: 1);
        _rig.StartMaster(toMemory: false);

        Assert.Equal(Failed, _rig.MasterStatus());
        Assert.Equal(0, _rig.Ram[0x8000]);
    }

    [Fact]
    public void Master_SwitchedOffInPci_MovesNothingUntilItIsOn()
    {
        _rig.Pci.Write(1, 1, 0x04, 0x0001, AccessWidth.Word);
        _rig.PutTable(new DmaRegion(0x8000, 512, IsLast: true));
        _rig.Issue(0xC8, lba: 1);
        _rig.StartMaster(toMemory: true);
        Assert.Equal((Active, 0), (_rig.MasterStatus(), (int)_rig.Ram[0x8000]));

        _rig.Pci.Write(1, 1, 0x04, 0x0005, AccessWidth.Word);

        Assert.Equal((Interrupt, 1), (_rig.MasterStatus(), (int)_rig.Ram[0x8000]));
    }

    [Fact]
    public void Read_ThatTheBackendFails_InterruptsWithAnError()
    {
        _disk.Result = BlockStatus.IoError;
        _rig.PutTable(new DmaRegion(0x8000, 512, IsLast: true));
        _rig.StartMaster(toMemory: true);
        _rig.Issue(0xC8);

        Assert.Equal((0x51, 0x40), (_rig.In(7), _rig.In(1)));
        Assert.Equal(Interrupt | Active, _rig.MasterStatus());
    }

    [Fact]
    public void Status_Written_ClearsWhatIsWrittenAsOne()
    {
        _rig.Machine.Out(IdeRig.MasterBase + 2, 0x60);
        _rig.Issue(0xE7);
        Assert.Equal(0x64, _rig.MasterStatus());

        _rig.Machine.Out(IdeRig.MasterBase + 2, 0x64);

        Assert.Equal(0x60, _rig.MasterStatus());
    }

    [Fact]
    public void Dma_AllocatesNothing()
    {
        _rig.PutTable(new DmaRegion(0x8000, 0x8000), new DmaRegion(0x2_0000, 0x8000, IsLast: true));
        void Work()
        {
            _rig.Issue(0xC8, lba: 3, count: 128);
            _rig.StartMaster(toMemory: true);
            _rig.In(7);
            _rig.Machine.Out(IdeRig.MasterBase, 0);
            _rig.Issue(0xCA, lba: 300, count: 128);
            _rig.StartMaster(toMemory: false);
            _rig.In(7);
            _rig.Machine.Out(IdeRig.MasterBase, 0);
        }

        Assert.Equal(0, Allocations.Of(Work));
    }
}
