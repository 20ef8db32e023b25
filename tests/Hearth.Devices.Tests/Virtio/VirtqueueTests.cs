using Hearth.Devices.Virtio;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Virtio;

/// <summary>What a guest may do to a ring, and what it may not.</summary>
public class VirtqueueTests
{
    private const ulong Buffer = 0x40000;
    private const ulong Table = 0x50000;
    private const ulong AllFeatures = VirtioRig.Version1 | VirtioRig.IndirectDescriptors | VirtioRig.EventIndex;

    private readonly VirtioRig _rig = new(context => new EchoDevice(context));

    [Fact]
    public void Chain_OfManyPieces_IsReadAndWrittenInOrder()
    {
        _rig.Start();
        "abcdefgh"u8.CopyTo(_rig.Machine.Ram.Bytes.AsSpan((int)Buffer));
        _rig.Queue(0).Add(
            new(Buffer + 4, 4), new(Buffer, 0), new(Buffer, 4),
            new(Buffer + 0x107, 1, Writable: true), new(Buffer + 0x100, 7, Writable: true));

        _rig.Kick();

        Assert.True(_rig.Queue(0).TryTakeUsed(out _, out uint written));
        Assert.Equal(8U, written);
        Assert.Equal("fghabcde"u8, _rig.Machine.Ram.Bytes.AsSpan((int)Buffer + 0x100, 8));
    }

    [Fact]
    public void Chain_BehindIndirectDescriptor_IsFollowed()
    {
        _rig.Start(AllFeatures);
        VirtqueueDriver queue = _rig.Queue(0);
        "xyz"u8.CopyTo(_rig.Machine.Ram.Bytes.AsSpan((int)Buffer));
        queue.WriteDescriptor(Table, 0, new(Buffer, 3, Flags: VirtqueueDriver.FlagNext, Next: 2));
        queue.WriteDescriptor(Table, 2, new(Buffer + 0x100, 3, Writable: true));
        queue.Add(new TestDescriptor(Table, 48, Flags: VirtqueueDriver.FlagIndirect));

        _rig.Kick();

        Assert.Equal("xyz"u8, _rig.Machine.Ram.Bytes.AsSpan((int)Buffer + 0x100, 3));
    }

    [Fact]
    public void Ring_RunsRoundManyTimes()
    {
        _rig.Start(size: 4);
        VirtqueueDriver queue = _rig.Queue(0);

        for (int i = 0; i < 70_000; i++)
        {
            queue.Add(new TestDescriptor(Buffer, 8, Writable: true));
            _rig.Kick();
            queue.TryTakeUsed(out _, out _);
        }

        Assert.Equal(70_000 & 0xFFFF, queue.UsedIndex);
        Assert.Equal(15, _rig.Status);
    }

    public static TheoryData<string, TestChain> HostileChains => new()
    {
        { "buffer beyond memory", new(q => q.WriteDescriptor(q.Descriptors, 0, new(0xF_FFFF, 2))) },
        { "buffer at the end of the address space", new(q => q.WriteDescriptor(q.Descriptors, 0, new(ulong.MaxValue, 2))) },
        { "absurd length", new(q => q.WriteDescriptor(q.Descriptors, 0, new(Buffer, uint.MaxValue))) },
        { "loop onto itself", new(q => q.WriteDescriptor(q.Descriptors, 0, new(Buffer, 1, Flags: 1, Next: 0))) },
        { "empty loop", new(q => q.WriteDescriptor(q.Descriptors, 0, new(Buffer, 0, Flags: 1, Next: 0))) },
        { "next outside the table", new(q => q.WriteDescriptor(q.Descriptors, 0, new(Buffer, 1, Flags: 1, Next: 16))) },
        { "indirect with next", new(q => q.WriteDescriptor(q.Descriptors, 0, new(Table, 16, Flags: 5, Next: 1))) },
        { "indirect of no length", new(q => q.WriteDescriptor(q.Descriptors, 0, new(Table, 0, Flags: 4))) },
        { "indirect of odd length", new(q => q.WriteDescriptor(q.Descriptors, 0, new(Table, 17, Flags: 4))) },
        { "indirect longer than the queue", new(q => q.WriteDescriptor(q.Descriptors, 0, new(Table, 17 * 16, Flags: 4))) },
        { "indirect outside memory", new(q => q.WriteDescriptor(q.Descriptors, 0, new(0xF_FFFF, 32, Flags: 4))) },
        { "indirect in indirect", new(q =>
        {
            q.WriteDescriptor(q.Descriptors, 0, new(Table, 16, Flags: 4));
            q.WriteDescriptor(Table, 0, new(Table, 16, Flags: 4));
        }) },
        { "readable after writable", new(q =>
        {
            q.WriteDescriptor(q.Descriptors, 0, new(Buffer, 1, Writable: true, Flags: 1, Next: 1));
            q.WriteDescriptor(q.Descriptors, 1, new(Buffer, 1));
        }) },
    };

    [Theory]
    [MemberData(nameof(HostileChains), DisableDiscoveryEnumeration = true)]
    public void HostileChain_Kicked_NeedsResetAndUsesNothing(string what, TestChain chain)
    {
        _rig.Start(AllFeatures);
        chain.Write(_rig.Queue(0));
        _rig.Queue(0).MakeAvailable(0);

        _rig.Kick();

        Assert.Equal(15 | 64, _rig.Status);
        Assert.Equal(0, _rig.Queue(0).UsedIndex);
        Assert.Equal((1, "echo"), (_rig.Machine.Log.Count, _rig.Machine.Log.LastDevice));
        Assert.Equal(2UL, _rig.Read(0x1000, AccessWidth.Byte));
        Assert.NotEmpty(what);
    }

    [Fact]
    public void Indirect_NotNegotiated_NeedsReset()
    {
        _rig.Start();
        _rig.Queue(0).Add(new TestDescriptor(Table, 16, Flags: VirtqueueDriver.FlagIndirect));

        _rig.Kick();

        Assert.Equal(15 | 64, _rig.Status);
    }

    [Theory]
    [InlineData(16)]
    [InlineData(0xFFFF)]
    public void Head_OutsideTheTable_NeedsReset(ushort head)
    {
        _rig.Start();
        _rig.Queue(0).MakeAvailable(head);

        _rig.Kick();

        Assert.Equal(15 | 64, _rig.Status);
    }

    [Fact]
    public void AvailableIndex_RunningAhead_NeedsReset()
    {
        _rig.Start();
        _rig.Queue(0).SetAvailableIndex(17);

        _rig.Kick();

        Assert.Equal(15 | 64, _rig.Status);
    }

    [Fact]
    public void BrokenDevice_AfterReset_Works()
    {
        _rig.Start();
        _rig.Queue(0).SetAvailableIndex(17);
        _rig.Kick();

        _rig.Start();
        _rig.Queue(0).Add(new TestDescriptor(Buffer, 8, Writable: true));
        _rig.Kick();

        Assert.Equal(1, _rig.Queue(0).UsedIndex);
    }

    [Fact]
    public void Interrupt_SuppressedByFlag_IsNotRaised()
    {
        _rig.Start();
        _rig.Queue(0).SetAvailableFlags(1);
        _rig.Queue(0).Add(new TestDescriptor(Buffer, 8, Writable: true));

        _rig.Kick();

        Assert.Equal(1, _rig.Queue(0).UsedIndex);
        Assert.False(_rig.Line.IsAsserted);
    }

    [Fact]
    public void Interrupt_WithEventIndex_IsRaisedWhenTheIndexIsPassed()
    {
        _rig.Start(AllFeatures);
        VirtqueueDriver queue = _rig.Queue(0);
        queue.SetUsedEvent(1);
        queue.Add(new TestDescriptor(Buffer, 8, Writable: true));
        _rig.Kick();
        bool early = _rig.Line.IsAsserted;

        queue.Add(new TestDescriptor(Buffer, 8, Writable: true));
        _rig.Kick();

        Assert.False(early);
        Assert.True(_rig.Line.IsAsserted);
    }

    [Fact]
    public void Notification_WithEventIndex_IsAskedForTheNextBuffer()
    {
        _rig.Start(AllFeatures);
        _rig.Queue(0).Add(new TestDescriptor(Buffer, 8, Writable: true));
        _rig.Queue(0).Add(new TestDescriptor(Buffer, 8, Writable: true));

        _rig.Kick();

        Assert.Equal(2, _rig.Queue(0).AvailableEvent);
    }

    [Fact]
    public void RandomRings_DoNotThrow()
    {
        var random = new Random(11);
        for (int round = 0; round < 500; round++)
        {
            _rig.Start(AllFeatures);
            VirtqueueDriver queue = _rig.Queue(0);
            for (int i = 0; i < 16; i++)
            {
                queue.WriteDescriptor(queue.Descriptors, i, RandomDescriptor(random));
                queue.WriteDescriptor(Table, i, RandomDescriptor(random));
            }

            for (int i = 0; i < 4; i++)
                queue.MakeAvailable((ushort)random.Next(18));
            _rig.Kick();
        }

        Assert.Contains(_rig.Status, new byte[] { 15, 15 | 64 });
    }

    [Fact]
    public void Buffers_InSteadyState_AllocateNothing()
    {
        _rig.Start(AllFeatures);

        long allocated = Allocations.Of(() => RunBuffers(1000));

        Assert.Equal(0, allocated);
    }

    private static TestDescriptor RandomDescriptor(Random random) => new(
        random.Next(4) == 0 ? Table : (ulong)random.Next(1 << 20), (uint)random.Next(64) * 4, random.Next(2) == 0, (ushort)random.Next(8), (ushort)random.Next(18));

    private void RunBuffers(int count)
    {
        for (int i = 0; i < count; i++)
        {
            _rig.Queue(0).Add(new TestDescriptor(Buffer, 64), new TestDescriptor(Buffer + 0x1000, 64, Writable: true));
            _rig.Kick();
            _rig.Queue(0).TryTakeUsed(out _, out _);
        }
    }

    /// <summary>Writes a broken chain whose head is descriptor 0.</summary>
    public sealed class TestChain
    {
        internal TestChain(Action<VirtqueueDriver> write) => Write = write;

        internal Action<VirtqueueDriver> Write { get; }
    }
}
