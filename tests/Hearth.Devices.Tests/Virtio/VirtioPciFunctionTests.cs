using Hearth.Devices.Virtio;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Virtio;

public class VirtioPciFunctionTests
{
    private const ulong Buffer = 0x40000;

    private readonly VirtioRig _rig = new(context => new EchoDevice(context));

    private EchoDevice Echo => (EchoDevice)_rig.Device;

    [Fact]
    public void Identity_IsModern()
    {
        Assert.Equal(0x106A_1AF4U, _rig.Function.ReadConfiguration(0, AccessWidth.Dword));
        Assert.Equal(1U, _rig.Function.ReadConfiguration(8, AccessWidth.Byte));
    }

    [Fact]
    public void Capabilities_NameEveryStructureOnce()
    {
        var found = new List<(uint Id, uint Type)>();
        for (int at = 0x34, next; (next = (int)_rig.Function.ReadConfiguration(at, AccessWidth.Byte)) != 0; at = next + 1)
            found.Add((_rig.Function.ReadConfiguration(next, AccessWidth.Byte), _rig.Function.ReadConfiguration(next + 3, AccessWidth.Byte)));

        Assert.Equal([(0x11U, 0U), (9U, 1U), (9U, 3U), (9U, 4U), (9U, 2U), (9U, 5U)], found);
    }

    [Fact]
    public void Features_OfferTheCommonOnesAndNoPackedRing()
    {
        Assert.Equal(1 | VirtioRig.IndirectDescriptors | VirtioRig.EventIndex | VirtioRig.Version1 | VirtioRig.RingReset, _rig.OfferedFeatures());
    }

    [Fact]
    public void FeaturesOk_WithOfferedFeatures_Stays()
    {
        _rig.Negotiate(VirtioRig.Version1 | 1);

        Assert.Equal(11, _rig.Status);
        Assert.Equal(VirtioRig.Version1 | 1, _rig.Device.DriverFeatures);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(VirtioRig.Version1 | 2)]
    [InlineData(VirtioRig.Version1 | (1UL << 34))]
    public void FeaturesOk_WithoutVersion1OrWithUnknownFeature_IsRefused(ulong features)
    {
        _rig.Negotiate(features);

        Assert.Equal(3, _rig.Status);
    }

    [Fact]
    public void DriverFeatures_AfterFeaturesOk_AreFixed()
    {
        _rig.Negotiate(VirtioRig.Version1);

        _rig.Write(0xC, AccessWidth.Dword, 0);

        Assert.Equal(VirtioRig.Version1, _rig.Device.DriverFeatures);
    }

    [Fact]
    public void DriverOk_BeforeFeaturesOk_IsIgnored()
    {
        _rig.Status = 1;

        _rig.Status = 7;

        Assert.Equal(3, _rig.Status);
    }

    [Theory]
    [InlineData(0x12, 1)]
    [InlineData(0x18, 64)]
    [InlineData(0x1A, 0xFFFF)]
    [InlineData(0x1E, 0)]
    public void Register_AtPowerOn_HasDefault(ulong offset, ulong expected)
    {
        Assert.Equal(expected, _rig.Read(offset, AccessWidth.Word));
    }

    [Fact]
    public void QueueRegisters_OfAbsentQueue_AreZero()
    {
        _rig.Write(0x16, AccessWidth.Word, 7);

        Assert.Equal(0UL, _rig.Read(0x18, AccessWidth.Word));
        Assert.Equal(0UL, _rig.Read(0x20, AccessWidth.Qword));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(128)]
    public void QueueSize_Impossible_Stays(ushort size)
    {
        _rig.Negotiate(VirtioRig.Version1);

        _rig.Write(0x18, AccessWidth.Word, size);

        Assert.Equal(64UL, _rig.Read(0x18, AccessWidth.Word));
    }

    [Fact]
    public void QueueRegisters_OnceEnabled_AreFixed()
    {
        _rig.Negotiate(VirtioRig.Version1);
        VirtqueueDriver queue = _rig.SetUpQueue(0);

        _rig.Write(0x20, AccessWidth.Qword, 0);
        _rig.Write(0x18, AccessWidth.Word, 8);

        Assert.Equal(queue.Descriptors, _rig.Read(0x20, AccessWidth.Qword));
        Assert.Equal(16UL, _rig.Read(0x18, AccessWidth.Word));
        Assert.Equal(1UL, _rig.Read(0x1C, AccessWidth.Word));
    }

    [Theory]
    [InlineData(0x20, 0xF_FFF0)]
    [InlineData(0x20, 0xFFFF_FFFF_FFFF_FFF0)]
    [InlineData(0x20, 8)]
    [InlineData(0x28, 0x1_0000_0000)]
    [InlineData(0x30, 2)]
    public void QueueEnable_WithRingsOutsideMemoryOrUnaligned_NeedsReset(ulong register, ulong address)
    {
        _rig.Negotiate(VirtioRig.Version1);

        _rig.Write(register, AccessWidth.Qword, address);
        _rig.Write(0x1C, AccessWidth.Word, 1);

        Assert.Equal(0UL, _rig.Read(0x1C, AccessWidth.Word));
        Assert.Equal(11 | 64, _rig.Status);
    }

    /// <summary>What the device writes must not be what it takes for the driver's: each used buffer would be followed by another, for ever.</summary>
    [Theory]
    [InlineData(0x8000, false)]
    [InlineData(0x8020, false)]
    [InlineData(0x8024, false)]
    [InlineData(0x8028, true)]
    [InlineData(0x7F80, false)]
    [InlineData(0x7F78, true)]
    public void QueueEnable_WithOneRingOnTopOfTheOther_NeedsReset(ulong used, bool isEnabled)
    {
        _rig.Negotiate(VirtioRig.Version1);
        _rig.Write(0x18, AccessWidth.Word, 16);
        _rig.Write(0x20, AccessWidth.Qword, 0x6000);
        _rig.Write(0x28, AccessWidth.Qword, 0x8000);
        _rig.Write(0x30, AccessWidth.Qword, used);

        _rig.Write(0x1C, AccessWidth.Word, 1);

        Assert.Equal(isEnabled ? 1UL : 0UL, _rig.Read(0x1C, AccessWidth.Word));
        Assert.Equal(isEnabled ? 11 : 11 | 64, _rig.Status);
    }

    [Fact]
    public void Vector_ThatDoesNotExist_ReadsAsNone()
    {
        _rig.Write(0x10, AccessWidth.Word, 2);
        _rig.Write(0x1A, AccessWidth.Word, 1);

        Assert.Equal(0xFFFFUL, _rig.Read(0x10, AccessWidth.Word));
        Assert.Equal(1UL, _rig.Read(0x1A, AccessWidth.Word));
    }

    [Fact]
    public void Buffer_Kicked_IsUsedAndRaisesIntx()
    {
        _rig.Start();
        "hello"u8.CopyTo(_rig.Machine.Ram.Bytes.AsSpan((int)Buffer));
        ushort head = _rig.Queue(0).Add(new(Buffer, 5), new(Buffer + 0x100, 16, Writable: true));

        _rig.Kick();

        Assert.True(_rig.Queue(0).TryTakeUsed(out uint used, out uint written));
        Assert.Equal((head, 5U), (used, written));
        Assert.Equal("hello"u8, _rig.Machine.Ram.Bytes.AsSpan((int)Buffer + 0x100, 5));
        Assert.True(_rig.Line.IsAsserted);
    }

    [Fact]
    public void InterruptStatus_Read_ClearsAndDropsIntx()
    {
        _rig.Start();
        _rig.Queue(0).Add(new TestDescriptor(Buffer, 16, Writable: true));
        _rig.Kick();

        ulong first = _rig.Read(0x1000, AccessWidth.Byte);

        Assert.Equal(1UL, first);
        Assert.False(_rig.Line.IsAsserted);
        Assert.Equal(0UL, _rig.Read(0x1000, AccessWidth.Byte));
    }

    [Fact]
    public void Buffer_WithMsix_SendsTheQueuesVector()
    {
        _rig.EnableMsix();
        _rig.Start();
        _rig.Queue(0).Add(new TestDescriptor(Buffer, 16, Writable: true));

        _rig.Kick();

        Assert.Equal((0xFEE0_0000UL, 0x41U), _rig.Machine.Messages.Last);
        Assert.False(_rig.Line.IsAsserted);
    }

    [Fact]
    public void Buffer_BeforeDriverOk_IsTakenOnlyWithDriverOk()
    {
        _rig.Negotiate(VirtioRig.Version1);
        VirtqueueDriver queue = _rig.SetUpQueue(0);
        queue.Add(new TestDescriptor(Buffer, 16, Writable: true));
        _rig.Kick();
        ushort before = queue.UsedIndex;

        _rig.Status = 15;

        Assert.Equal(0, before);
        Assert.Equal(1, queue.UsedIndex);
    }

    [Fact]
    public void ConfigurationChange_RaisesItsInterruptAndGeneration()
    {
        _rig.Start();

        Echo.ChangeConfiguration();

        Assert.Equal(2UL, _rig.Read(0x1000, AccessWidth.Byte));
        Assert.Equal(1UL, _rig.Read(0x15, AccessWidth.Byte));
        Assert.Equal(1UL, _rig.ReadDevice(0, AccessWidth.Byte));
    }

    [Fact]
    public void Status0_ResetsEverythingOfTheDevice()
    {
        _rig.Start();
        _rig.Queue(0).Add(new TestDescriptor(Buffer, 16, Writable: true));
        _rig.Kick();

        _rig.Status = 0;

        Assert.Equal(0, _rig.Status);
        Assert.False(_rig.Line.IsAsserted);
        Assert.Equal(0UL, _rig.Read(0x1C, AccessWidth.Word));
        Assert.Equal(64UL, _rig.Read(0x18, AccessWidth.Word));
    }

    [Fact]
    public void Status0_WithBufferInFlight_IsReachedWhenItEndsAndUsesNothing()
    {
        _rig.Start();
        Echo.KeepsBuffers = true;
        _rig.Queue(0).Add(new TestDescriptor(Buffer, 16, Writable: true));
        _rig.Kick();

        _rig.Status = 0;
        byte during = _rig.Status;
        Echo.Finish();

        Assert.Equal(15, during);
        Assert.Equal(0, _rig.Status);
        Assert.Equal(0, _rig.Queue(0).UsedIndex);
    }

    [Fact]
    public void QueueReset_WithBufferInFlight_ReadsAsPendingUntilItEnds()
    {
        _rig.Start(VirtioRig.Version1 | VirtioRig.RingReset);
        Echo.KeepsBuffers = true;
        _rig.Queue(0).Add(new TestDescriptor(Buffer, 16, Writable: true));
        _rig.Kick();

        _rig.Write(0x3A, AccessWidth.Word, 1);
        ulong during = _rig.Read(0x3A, AccessWidth.Word);
        Echo.Finish();

        Assert.Equal(1UL, during);
        Assert.Equal(0UL, _rig.Read(0x3A, AccessWidth.Word));
        Assert.Equal(0UL, _rig.Read(0x1C, AccessWidth.Word));
        Assert.Equal(0, _rig.Queue(0).UsedIndex);
    }

    [Fact]
    public void QueueReset_ThenEnabledAgain_Works()
    {
        _rig.Start(VirtioRig.Version1 | VirtioRig.RingReset);
        _rig.Queue(0).Add(new TestDescriptor(Buffer, 16, Writable: true));
        _rig.Kick();

        _rig.Write(0x3A, AccessWidth.Word, 1);
        VirtqueueDriver queue = _rig.SetUpQueue(0, 8);
        queue.Add(new TestDescriptor(Buffer, 16, Writable: true));
        _rig.Kick();

        Assert.Equal(1, queue.UsedIndex);
    }

    [Fact]
    public void Pause_HoldsBuffersUntilResume()
    {
        _rig.Start();
        _rig.Function.Pause();
        _rig.Queue(0).Add(new TestDescriptor(Buffer, 16, Writable: true));
        _rig.Kick();
        ushort paused = _rig.Queue(0).UsedIndex;

        _rig.Function.Resume();

        Assert.Equal(0, paused);
        Assert.Equal(1, _rig.Queue(0).UsedIndex);
    }

    [Fact]
    public async Task Pause_WithBufferInFlight_WaitsForIt()
    {
        _rig.Start();
        Echo.KeepsBuffers = true;
        _rig.Queue(0).Add(new TestDescriptor(Buffer, 16, Writable: true));
        _rig.Kick();

        Task pause = Task.Run(_rig.Function.Pause, TestContext.Current.CancellationToken);
        await Task.Delay(20, TestContext.Current.CancellationToken);
        bool early = pause.IsCompleted;
        Echo.Finish();
        await pause;

        Assert.False(early);
        Assert.Equal(1, _rig.Queue(0).UsedIndex);
    }

    [Fact]
    public void ConfigurationAccess_ReadsAndWritesTheBar()
    {
        int access = 0x10 + FindAccessData();
        _rig.Function.WriteConfiguration(access - 12, AccessWidth.Byte, 0);
        _rig.Function.WriteConfiguration(access - 8, AccessWidth.Dword, 0x14);
        _rig.Function.WriteConfiguration(access - 4, AccessWidth.Dword, 1);

        _rig.Function.WriteConfiguration(access, AccessWidth.Dword, 3);

        Assert.Equal(3, _rig.Status);
        Assert.Equal(3U, _rig.Function.ReadConfiguration(access, AccessWidth.Byte));
    }

    [Fact]
    public void SavedWithLiveQueue_RestoredOnOtherMachine_GoesOn()
    {
        _rig.EnableMsix();
        _rig.Start(VirtioRig.Version1 | VirtioRig.EventIndex);
        _rig.Queue(0).Add(new TestDescriptor(Buffer, 16, Writable: true));
        _rig.Kick();
        byte[] saved = TestMachine.Save(_rig.Function);
        var other = new VirtioRig(context => new EchoDevice(context));
        _rig.Machine.Ram.Bytes.CopyTo(other.Machine.Ram.Bytes, 0);
        var queue = new QueueContinuation(other.Machine, _rig.Queue(0), 1);

        TestMachine.Restore(other.Function, saved);
        queue.Add(new TestDescriptor(Buffer, 16, Writable: true));
        other.Kick();

        Assert.Equal(2, queue.UsedIndex);
        Assert.Equal(0x41U, other.Machine.Messages.Last.Data);
        Assert.Equal(saved, TestMachine.Save(_rig.Function));
    }

    private int FindAccessData()
    {
        int at = (int)_rig.Function.ReadConfiguration(0x34, AccessWidth.Byte);
        while (_rig.Function.ReadConfiguration(at + 1, AccessWidth.Byte) is not 0 and var next)
            at = (int)next;
        return at;
    }
}
