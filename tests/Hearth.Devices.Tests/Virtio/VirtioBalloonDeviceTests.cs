using System.Buffers.Binary;
using Hearth.Devices.Virtio.Balloon;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Virtio;

public class VirtioBalloonDeviceTests
{
    private const ulong Statistics = 1UL << 1;
    private const ulong PagePoison = 1UL << 4;
    private const ulong PageReporting = 1UL << 5;
    private const ulong Buffer = 0x40000;
    private const ulong Pages = 0x80000;

    private readonly VirtioRig _rig = new(context => new VirtioBalloonDevice("virtio-balloon0", (IReclaimableMemory)context.Ram, 64 << 12, TimeSpan.Zero, context));

    private VirtioBalloonDevice Balloon => (VirtioBalloonDevice)_rig.Device;

    private FakeGuestMemory Ram => _rig.Machine.Ram;

    [Fact]
    public void Features_AreThoseOfTheSpecification() => Assert.Equal(0x36UL, _rig.OfferedFeatures() & 0xFF_FFFF);

    [Fact]
    public void Target_AtFirst_StandsInTheConfiguration() => Assert.Equal(64UL, _rig.ReadDevice(0, AccessWidth.Dword));

    [Fact]
    public void Target_Changed_InterruptsTheDriver()
    {
        _rig.Start();

        Balloon.TargetSize = 3 << 12;

        Assert.Equal(3UL, _rig.ReadDevice(0, AccessWidth.Dword));
        Assert.Equal(2UL, _rig.Read(0x1000, AccessWidth.Byte));
    }

    [Fact]
    public void Target_ChangedWhileTheMachineIsPaused_IsToldWhenItGoesOn()
    {
        _rig.Start();
        _rig.Function.Pause();

        Balloon.TargetSize = 3 << 12;
        ulong during = _rig.ReadDevice(0, AccessWidth.Dword);
        _rig.Function.Resume();

        Assert.Equal((64UL, 3UL), (during, _rig.ReadDevice(0, AccessWidth.Dword)));
        Assert.True(_rig.Line.IsAsserted);
    }

    [Fact]
    public void ActualSize_IsWhatTheDriverWrites()
    {
        _rig.WriteDevice(4, AccessWidth.Dword, 17);

        Assert.Equal(17UL << 12, Balloon.ActualSize);
        Assert.Equal(17UL, _rig.ReadDevice(4, AccessWidth.Dword));
    }

    [Fact]
    public void Configuration_OfTheHost_CannotBeWritten()
    {
        _rig.WriteDevice(0, AccessWidth.Qword, ulong.MaxValue);
        _rig.WriteDevice(8, AccessWidth.Dword, ulong.MaxValue);
        _rig.WriteDevice(15, AccessWidth.Qword, 0);

        Assert.Equal(0xFFFF_FFFF_0000_0040UL, _rig.ReadDevice(0, AccessWidth.Qword));
        Assert.Equal(0UL, _rig.ReadDevice(8, AccessWidth.Dword));
    }

    [Fact]
    public void Inflate_PagesInARow_AreGivenBackAtOnce()
    {
        _rig.Start();
        Ram.Bytes[Pages] = 7;

        Inflate(0x80, 0x81, 0x82, 0x90, 0x8F, 0x8E, 0x20);

        Assert.Equal([(0x80000UL, 0x3000UL), (0x8E000UL, 0x3000UL), (0x20000UL, 0x1000UL)], Ram.GivenBack);
        Assert.Equal(0, Ram.Bytes[Pages]);
        Assert.True(_rig.Queue(0).TryTakeUsed(out _, out uint written));
        Assert.Equal(0U, written);
        Assert.True(_rig.Line.IsAsserted);
    }

    [Fact]
    public void Inflate_PagesThatAreNone_AreLoggedAndTheOthersGivenBack()
    {
        _rig.Start();

        Inflate(0x80, 0xFFFF_FFFF, 0x82);

        Assert.Equal([(0x80000UL, 0x1000UL), (0x82000UL, 0x1000UL)], Ram.GivenBack);
        Assert.Equal(1, _rig.Machine.Log.Count);
    }

    [Fact]
    public void Inflate_BufferOfAbsurdLength_IsTakenInPart()
    {
        _rig.Start();
        _rig.Queue(0).Add(new TestDescriptor(Buffer, 0x10000), new TestDescriptor(Buffer, 0x10000));

        _rig.Kick();

        Assert.True(_rig.Queue(0).TryTakeUsed(out _, out _));
        Assert.Equal(1, _rig.Machine.Log.Count);
    }

    [Fact]
    public void Deflate_IsAnsweredAndTouchesNothing()
    {
        _rig.Start();
        _rig.Queue(1).Add(new TestDescriptor(Buffer, 1024));

        _rig.Kick(1);

        Assert.True(_rig.Queue(1).TryTakeUsed(out _, out _));
        Assert.Empty(Ram.GivenBack);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public void Report_OnEitherQueue_GivesWholePagesBack(int queue)
    {
        _rig.Start(VirtioRig.Version1 | PageReporting);
        _rig.Queue(queue).Add(new TestDescriptor(Pages, 0x4000, Writable: true), new TestDescriptor(Pages + 0x8800, 0x2000, Writable: true));

        _rig.Kick(queue);

        Assert.Equal([(Pages, 0x4000UL), (Pages + 0x9000, 0x1000UL)], Ram.GivenBack);
        Assert.True(_rig.Queue(queue).TryTakeUsed(out _, out _));
    }

    [Theory]
    [InlineData(0xAAUL, 0)]
    [InlineData(0UL, 1)]
    public void Report_OfPagesWithAPattern_IsAnsweredAndLeftAlone(ulong pattern, int givenBack)
    {
        _rig.Start(VirtioRig.Version1 | PageReporting | PagePoison);
        _rig.WriteDevice(12, AccessWidth.Dword, pattern);
        _rig.Queue(4).Add(new TestDescriptor(Pages, 0x4000, Writable: true));

        _rig.Kick(4);

        Assert.Equal(givenBack, Ram.GivenBack.Count);
        Assert.True(_rig.Queue(4).TryTakeUsed(out _, out _));
    }

    [Fact]
    public void Statistics_AreReadAndTheBufferKeptUntilTheyAreAskedFor()
    {
        _rig.Start(VirtioRig.Version1 | Statistics);
        OfferStatistics((4, 0x1234_5678_9ABC), (0xFFFF, 5));

        ulong? first = Balloon.Statistic(BalloonStatistic.FreeMemory);
        bool keptAtFirst = !_rig.Queue(2).TryTakeUsed(out _, out _);
        Balloon.AskForStatistics();
        bool returned = _rig.Queue(2).TryTakeUsed(out _, out _);
        OfferStatistics((4, 99));

        Assert.True(keptAtFirst && returned);
        Assert.Equal(0x1234_5678_9ABCUL, first);
        Assert.Equal(99UL, Balloon.Statistic(BalloonStatistic.FreeMemory));
        Assert.Null(Balloon.Statistic(BalloonStatistic.SwapIn));
    }

    [Fact]
    public void Statistics_AreAskedForAgainAndAgain()
    {
        var rig = new VirtioRig(context => new VirtioBalloonDevice("virtio-balloon0", (IReclaimableMemory)context.Ram, 0, TimeSpan.FromSeconds(1), context));
        rig.Start(VirtioRig.Version1 | Statistics);
        rig.Queue(2).Add(new TestDescriptor(Buffer, 10));
        rig.Kick(2);

        rig.Machine.Clock.Advance(1_000_000_001);
        bool first = rig.Queue(2).TryTakeUsed(out _, out _);
        rig.Machine.Clock.Advance(1_000_000_001);
        bool withoutBuffer = rig.Queue(2).TryTakeUsed(out _, out _);
        rig.Queue(2).Add(new TestDescriptor(Buffer, 10));
        rig.Kick(2);
        rig.Machine.Clock.Advance(1_000_000_001);

        Assert.Equal((true, false, true), (first, withoutBuffer, rig.Queue(2).TryTakeUsed(out _, out _)));
    }

    [Fact]
    public void Statistics_BufferThatIsKept_IsThereAfterARestore()
    {
        _rig.Start(VirtioRig.Version1 | Statistics);
        OfferStatistics((5, 0x4000_0000));
        byte[] saved = TestMachine.Save(_rig.Function);
        var other = new VirtioRig(context => new VirtioBalloonDevice("virtio-balloon0", (IReclaimableMemory)context.Ram, 0, TimeSpan.Zero, context));
        Ram.Bytes.CopyTo(other.Machine.Ram.Bytes, 0);

        TestMachine.Restore(other.Function, saved);
        other.Function.Resume();

        Assert.Equal(0x4000_0000UL, ((VirtioBalloonDevice)other.Device).Statistic(BalloonStatistic.TotalMemory));
        Assert.Equal(64UL << 12, ((VirtioBalloonDevice)other.Device).TargetSize);
    }

    [Fact]
    public void Inflate_AllocatesNothing()
    {
        _rig.Start();
        Inflate([.. Enumerable.Range(0x80, 16).Select(page => (uint)page)]);

        long allocated = Allocations.Of(
            () =>
            {
                _rig.Kick();
                _rig.Kick(4);
            },
            () =>
            {
                _rig.Queue(0).Add(new TestDescriptor(Buffer, 64));
                _rig.Queue(4).Add(new TestDescriptor(Pages, 0x4000, Writable: true));
            });

        Assert.Equal(0, allocated);
    }

    private void Inflate(params uint[] pages)
    {
        for (int i = 0; i < pages.Length; i++)
            BinaryPrimitives.WriteUInt32LittleEndian(Ram.Bytes.AsSpan((int)Buffer + (4 * i)), pages[i]);
        _rig.Queue(0).Add(new TestDescriptor(Buffer, (uint)pages.Length * 4));
        _rig.Kick();
    }

    private void OfferStatistics(params (ushort Tag, ulong Value)[] statistics)
    {
        for (int i = 0; i < statistics.Length; i++)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(Ram.Bytes.AsSpan((int)Buffer + (10 * i)), statistics[i].Tag);
            BinaryPrimitives.WriteUInt64LittleEndian(Ram.Bytes.AsSpan((int)Buffer + (10 * i) + 2), statistics[i].Value);
        }

        _rig.Queue(2).Add(new TestDescriptor(Buffer, (uint)statistics.Length * 10));
        _rig.Kick(2);
    }
}
