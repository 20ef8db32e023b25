using System.Buffers.Binary;
using Hearth.Devices.Storage.Ide;
using Hearth.Devices.Tests.Virtio;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Storage.Ide;

/// <summary>Commands that are saved in the middle and go on in another machine, and requests that end on other threads.</summary>
public class IdeSavingTests
{
    private static readonly byte[] s_read10 = [0x28, 0, 0, 0, 0, 10, 0, 0, 3];

    [Fact]
    public void PioRead_SavedInTheMiddleOfASector_GoesOn()
    {
        IdeRig rig = IdeRig.WithDisk(IdeRig.NumberedDisk());
        rig.Issue(0x20, lba: 7, count: 2);
        byte[] start = rig.ReadBlock(100);

        IdeRig other = Move(rig, IdeRig.WithDisk(IdeRig.NumberedDisk()));
        byte[] rest = other.ReadBlock(412);

        Assert.Equal(7, BinaryPrimitives.ReadInt32LittleEndian([.. start, .. rest]));
        Assert.Equal(8, BinaryPrimitives.ReadInt32LittleEndian(other.ReadBlock()));
        Assert.Equal(0x50, other.In(7));
    }

    [Fact]
    public void PioWrite_SavedInTheMiddleOfASector_GoesOn()
    {
        var written = new FakeBlockBackend();
        IdeRig rig = IdeRig.WithDisk(new FakeBlockBackend());
        byte[] data = new byte[512];
        new Random(1).NextBytes(data);
        rig.Issue(0x30, lba: 2);
        rig.WriteBlock(data.AsSpan(0, 200));

        IdeRig other = Move(rig, IdeRig.WithDisk(written));
        other.WriteBlock(data.AsSpan(200));

        Assert.Equal(data, written.Bytes[1024..1536]);
        Assert.True(other.Line.IsAsserted);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Dma_SavedWhilePausedBetweenRequests_GoesOn(bool reads)
    {
        // One after the other, 128 KiB each.
        const int Length = 384 << 10;
        FakeBlockBackend disk = IdeRig.NumberedDisk();
        IdeRig rig = IdeRig.WithDisk(disk);
        disk.Waits = true;
        new Random(2).NextBytes(rig.Ram.AsSpan(0x2_0000, Length));
        PutRegions(rig, 0x2_0000, Length);
        rig.IssueExt(reads ? 0x25 : 0x35, lba: 0, count: Length / 512);
        rig.StartMaster(reads);
        Task pause = Task.Run(rig.Device.Pause, TestContext.Current.CancellationToken);
        Assert.Equal(1, disk.Waiting);
        while (!pause.IsCompleted)
        {
            if (disk.Waiting > 0)
                disk.CompleteOne();
        }

        FakeBlockBackend otherDisk = IdeRig.NumberedDisk();
        IdeRig other = IdeRig.WithDisk(otherDisk);
        rig.Ram.CopyTo(other.Ram, 0);
        disk.Bytes.CopyTo(otherDisk.Bytes, 0);
        Move(rig, other);

        Assert.True(other.Ram.AsSpan(0x2_0000, Length).SequenceEqual(otherDisk.Bytes.AsSpan(0, Length)));
        Assert.Equal((4, 0x50), (other.MasterStatus(), other.In(7)));
    }

    [Fact]
    public void PacketRead_SavedInTheMiddle_GoesOn()
    {
        IdeRig rig = new(Cd());
        rig.SendPacket([0x00]);
        rig.SendPacket(s_read10, byteCount: 2048);
        byte[] first = rig.ReadBlock(2048);

        IdeRig other = Move(rig, new IdeRig(Cd()));

        Assert.Equal(10, BinaryPrimitives.ReadInt32LittleEndian(first));
        Assert.Equal(11, BinaryPrimitives.ReadInt32LittleEndian(other.ReadBlock(2048)));
        Assert.Equal(12, BinaryPrimitives.ReadInt32LittleEndian(other.ReadBlock(2048)));
        Assert.Equal(0x50, other.In(7));
    }

    [Fact]
    public void Packet_SavedInTheMiddle_GoesOn()
    {
        IdeRig rig = new(Cd());
        rig.SendPacket([0x00]);
        rig.Out(7, 0xA0);
        rig.WriteBlock([0x25, 0]);

        IdeRig other = Move(rig, new IdeRig(Cd()));
        other.WriteBlock(new byte[10]);

        Assert.Equal([0, 0, 1, 0xFF], other.ReadBlock(8)[..4]);
    }

    [Fact]
    public void Restore_OfALargerDisksTransfer_IsRefused()
    {
        IdeRig rig = IdeRig.WithDisk(IdeRig.NumberedDisk(4 << 20));
        rig.Issue(0x20, lba: 8000, count: 4);
        byte[] saved = TestMachine.Save(rig.Device);

        Assert.Throws<SavedStateException>(() => TestMachine.Restore(IdeRig.WithDisk(IdeRig.NumberedDisk(1 << 20)).Device, saved));
    }

    [Fact]
    public void Reset_WithARequestInFlight_WaitsForIt()
    {
        var disk = new PooledBlockBackend();
        IdeRig rig = IdeRig.WithDisk(disk);
        rig.IssueExt(0x24, lba: 0, count: 1024);

        rig.Device.Reset();

        Assert.Equal(0, disk.Running);
        rig.Start();
        Assert.Equal(0x50, rig.In(7));
    }

    [Fact]
    public void Requests_ThatEndOnOtherThreads_AreAllServed()
    {
        IdeRig rig = IdeRig.WithDisk(new PooledBlockBackend());
        PutRegions(rig, 0x2_0000, 0x2_0000);
        for (int round = 0; round < 200; round++)
        {
            rig.IssueExt(0x25, lba: (ulong)round, count: 256);
            rig.StartMaster(toMemory: true);
            Assert.True(SpinWait.SpinUntil(() => (rig.AlternateStatus() & (IdeRig.Busy | IdeRig.DataRequest)) == 0, TimeSpan.FromSeconds(20)));
            Assert.Equal(0x50, rig.In(7));
            Assert.Equal((byte)round, rig.Ram[0x2_0000]);
            rig.Machine.Out(IdeRig.MasterBase, 0);
        }
    }

    private static IdeUnit Cd() => new(IdeRig.NumberedDisk(1 << 20, 2048), IsCd: true, "cd");

    private static void PutRegions(IdeRig rig, uint address, int length)
    {
        var regions = new List<DmaRegion>();
        for (int done = 0; done < length; done += 0x1_0000)
            regions.Add(new DmaRegion(address + (uint)done, 0x1_0000, done + 0x1_0000 >= length));
        rig.PutTable([.. regions]);
    }

    private static IdeRig Move(IdeRig from, IdeRig to)
    {
        Assert.True(TestMachine.Restore(to.Device, TestMachine.Save(from.Device)));
        to.Device.Resume();
        return to;
    }
}
