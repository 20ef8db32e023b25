using Hearth.Devices.Virtio.Network;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Virtio;

public class VirtioNetworkDeviceTests
{
    private const ulong Buffer = 0x40000;
    private const ulong MergeBuffers = 1UL << 15;
    private const int Receive = 0;
    private const int Transmit = 1;

    private readonly FakeNetworkPort _port = new();
    private readonly VirtioRig _rig;
    private readonly byte[] _frame = new byte[300];

    public VirtioNetworkDeviceTests()
    {
        _rig = NewRig(_port);
        new Random(1).NextBytes(_frame);
    }

    private byte[] Ram => _rig.Machine.Ram.Bytes;

    [Fact]
    public void Configuration_HasMacStatusAndMtu()
    {
        Assert.Equal(0x5452UL, _rig.ReadDevice(0, AccessWidth.Word));
        Assert.Equal(0x56UL, _rig.ReadDevice(5, AccessWidth.Byte));
        Assert.Equal(1UL, _rig.ReadDevice(6, AccessWidth.Word));
        Assert.Equal(9000UL, _rig.ReadDevice(10, AccessWidth.Word));
        Assert.Equal(0x1_8028UL, _rig.OfferedFeatures() & 0xFFFFFF);
    }

    [Fact]
    public void Transmit_SendsTheFrameWithoutItsHeader()
    {
        _rig.Start();
        _frame.CopyTo(Ram, (int)Buffer + 12);
        _rig.Queue(Transmit).Add(new(Buffer, 5), new(Buffer + 5, 307));

        _rig.Kick(Transmit);

        Assert.Equal(_frame, _port.Last);
        Assert.True(_rig.Queue(Transmit).TryTakeUsed(out _, out uint written));
        Assert.Equal(0U, written);
    }

    [Fact]
    public void Transmit_OfFramesWithOneNotification_FlushesOnceBehindThem()
    {
        _rig.Start();
        int before = _port.Flushes;
        _rig.Queue(Transmit).Add(new TestDescriptor(Buffer, 112));
        _rig.Queue(Transmit).Add(new TestDescriptor(Buffer, 112));

        _rig.Kick(Transmit);

        Assert.Equal((2, before + 1), (_port.Flushed, _port.Flushes));
    }

    [Fact]
    public void Frames_WithoutRoomInThePort_StayInTheRingUntilThereIs()
    {
        _rig.Start();
        _port.IsFull = true;
        _rig.Queue(Transmit).Add(new TestDescriptor(Buffer, 112));
        _rig.Kick(Transmit);
        _rig.Queue(Transmit).Add(new TestDescriptor(Buffer, 212));
        _rig.Kick(Transmit);
        (int Sent, int Refused, int Used) full = (_port.Sent, _port.Refused, _rig.Queue(Transmit).UsedIndex);

        _port.IsFull = false;
        _port.Receiver!.ResumeSend();

        Assert.Equal((0, 1, 0), full);
        Assert.Equal((2, 1, 2), (_port.Sent, _port.Refused, _rig.Queue(Transmit).UsedIndex));
        Assert.Equal((200, 2), (_port.LastLength, _port.Flushed));
    }

    [Fact]
    public void Room_WhileTheMachineIsPaused_IsUsedWhenItGoesOn()
    {
        _rig.Start();
        _port.IsFull = true;
        _rig.Queue(Transmit).Add(new TestDescriptor(Buffer, 112));
        _rig.Kick(Transmit);
        _rig.Function.Pause();
        _port.IsFull = false;
        _port.Receiver!.ResumeSend();
        (int Sent, int Used) paused = (_port.Sent, _rig.Queue(Transmit).UsedIndex);

        _rig.Function.Resume();

        Assert.Equal((0, 0), paused);
        Assert.Equal((1, 1), (_port.Sent, _rig.Queue(Transmit).UsedIndex));
    }

    [Theory]
    [InlineData(12)]
    [InlineData(3)]
    [InlineData(12 + 65535 + 19)]
    public void Transmit_OfNoFrameOrTooLongOne_IsUsedAndNotSent(uint length)
    {
        _rig.Start();
        _rig.Queue(Transmit).Add(new TestDescriptor(Buffer, length));

        _rig.Kick(Transmit);

        Assert.Equal(0, _port.Sent);
        Assert.Equal(1, _rig.Queue(Transmit).UsedIndex);
        Assert.Equal(1, _rig.Machine.Log.Count);
    }

    [Fact]
    public void Frame_ArrivesBehindAHeaderOfOneBuffer()
    {
        _rig.Start();
        _rig.Queue(Receive).Add(new TestDescriptor(Buffer, 2000, Writable: true));
        _rig.Kick(Receive);

        bool taken = _port.Receiver!.TryReceive(_frame);

        Assert.True(taken);
        Assert.Equal([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0], Ram.AsSpan((int)Buffer, 12).ToArray());
        Assert.Equal(_frame, Ram.AsSpan((int)Buffer + 12, 300));
        Assert.True(_rig.Queue(Receive).TryTakeUsed(out _, out uint written));
        Assert.Equal(312U, written);
        Assert.True(_rig.Line.IsAsserted);
    }

    [Fact]
    public void Frame_LargerThanABuffer_IsMergedOverSeveral()
    {
        _rig.Start(VirtioRig.Version1 | MergeBuffers);
        for (uint i = 0; i < 4; i++)
            _rig.Queue(Receive).Add(new TestDescriptor(Buffer + (0x1000 * i), 112, Writable: true));

        bool taken = _port.Receiver!.TryReceive(_frame);

        Assert.True(taken);
        Assert.Equal(3, _rig.Queue(Receive).UsedIndex);
        Assert.Equal(3, Ram[(int)Buffer + 10]);
        Assert.Equal(_frame.AsSpan(0, 100), Ram.AsSpan((int)Buffer + 12, 100));
        Assert.Equal(_frame.AsSpan(100, 112), Ram.AsSpan((int)Buffer + 0x1000, 112));
        Assert.Equal(_frame.AsSpan(212, 88), Ram.AsSpan((int)Buffer + 0x2000, 88));
    }

    [Fact]
    public void Frame_WithTooFewBuffersToMerge_WaitsAndUsesNone()
    {
        _rig.Start(VirtioRig.Version1 | MergeBuffers);
        _rig.Queue(Receive).Add(new TestDescriptor(Buffer, 112, Writable: true));
        bool early = _port.Receiver!.TryReceive(_frame);
        ushort usedEarly = _rig.Queue(Receive).UsedIndex;

        _rig.Queue(Receive).Add(new TestDescriptor(Buffer + 0x1000, 1000, Writable: true));
        _rig.Kick(Receive);
        bool late = _port.Receiver.TryReceive(_frame);

        Assert.Equal((false, 0), (early, usedEarly));
        Assert.Equal(1, _port.Resumes);
        Assert.True(late);
        Assert.Equal(2, _rig.Queue(Receive).UsedIndex);
    }

    [Fact]
    public void Frame_LargerThanTheBufferWithoutMerging_IsLostAndTheBufferStays()
    {
        _rig.Start();
        _rig.Queue(Receive).Add(new TestDescriptor(Buffer, 112, Writable: true));

        bool taken = _port.Receiver!.TryReceive(_frame);

        Assert.True(taken);
        Assert.Equal(0, _rig.Queue(Receive).UsedIndex);
        Assert.Equal(15, _rig.Status);
    }

    [Fact]
    public void Frame_BeforeDriverOk_IsLost()
    {
        Assert.True(_port.Receiver!.TryReceive(_frame));
    }

    [Fact]
    public void Frame_WithoutBuffers_WaitsAndAsksForNotification()
    {
        _rig.Start(VirtioRig.Version1 | VirtioRig.EventIndex);

        bool taken = _port.Receiver!.TryReceive(_frame);
        _rig.Kick(Receive);

        Assert.False(taken);
        Assert.Equal(0, _rig.Queue(Receive).AvailableEvent);
        Assert.Equal(1, _port.Resumes);
    }

    [Fact]
    public void Frame_DuringPause_WaitsUntilResume()
    {
        _rig.Start();
        _rig.Queue(Receive).Add(new TestDescriptor(Buffer, 2000, Writable: true));
        _rig.Function.Pause();

        bool taken = _port.Receiver!.TryReceive(_frame);
        int resumesDuring = _port.Resumes;
        _rig.Function.Resume();

        Assert.Equal((false, 0, 1), (taken, resumesDuring, _port.Resumes));
        Assert.Equal(0, _rig.Queue(Receive).UsedIndex);
    }

    [Fact]
    public void Reset_WhileAFrameWaits_LetsThePortGoOn()
    {
        _rig.Start();
        _port.Receiver!.TryReceive(_frame);

        _rig.Status = 0;

        Assert.Equal(1, _port.Resumes);
    }

    [Fact]
    public void Link_GoingDown_IsToldAndStopsFrames()
    {
        _rig.Start();

        _port.Receiver!.LinkChanged(false);
        _rig.Queue(Transmit).Add(new TestDescriptor(Buffer, 100));
        _rig.Kick(Transmit);

        Assert.Equal(0UL, _rig.ReadDevice(6, AccessWidth.Word));
        Assert.Equal(2UL, _rig.Read(0x1000, AccessWidth.Byte) & 2);
        Assert.Equal((0, 1), (_port.Sent, _rig.Queue(Transmit).UsedIndex));
    }

    [Fact]
    public void Link_ChangedDuringPause_IsToldAtResume()
    {
        _rig.Start();
        _rig.Function.Pause();
        _port.Receiver!.LinkChanged(false);
        ulong during = _rig.ReadDevice(6, AccessWidth.Word);

        _rig.Function.Resume();

        Assert.Equal(1UL, during);
        Assert.Equal(0UL, _rig.ReadDevice(6, AccessWidth.Word));
    }

    [Fact]
    public void Frames_InSteadyState_AllocateNothing()
    {
        _rig.Start(VirtioRig.Version1 | VirtioRig.EventIndex | MergeBuffers);

        long allocated = Allocations.Of(() => RunFrames(300));

        Assert.Equal(0, allocated);
    }

    [Theory]
    [InlineData("52:54:00:12:34")]
    [InlineData("52:54:00:12:34:5")]
    [InlineData("52:54:00:12:34:xx")]
    [InlineData("01:00:5e:00:00:01")]
    public void MacAddress_Impossible_Throws(string text)
    {
        Assert.Throws<MachineException>(() => MacAddress.Parse(text));
    }

    internal static VirtioRig NewRig(FakeNetworkPort port) =>
        new(context => new VirtioNetworkDevice("virtio-net0", port, MacAddress.Parse("52:54:00:12:34:56"), 9000, context));

    private void RunFrames(int count)
    {
        for (int i = 0; i < count; i++)
        {
            _rig.Queue(Receive).Add(new TestDescriptor(Buffer, 200, Writable: true));
            _rig.Queue(Receive).Add(new TestDescriptor(Buffer + 0x1000, 200, Writable: true));
            _port.Receiver!.TryReceive(_frame);
            _rig.Queue(Transmit).Add(new TestDescriptor(Buffer, 300));
            _rig.Kick(Transmit);
        }
    }
}
