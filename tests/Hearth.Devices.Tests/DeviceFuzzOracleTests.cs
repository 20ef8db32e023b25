using Hearth.Devices.Virtio;
using Hearth.Fuzz.Devices;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests;

/// <summary>What looks for accesses outside of what is a device's does find them.</summary>
public class DeviceFuzzOracleTests
{
    private readonly FakeGuestMemory _ram = new(1 << 20);
    private readonly GuardedMemory _memory;

    public DeviceFuzzOracleTests() => _memory = new GuardedMemory(_ram);

    [Theory]
    [InlineData(0UL, 0xA_0000, true)]
    [InlineData(0x9_FFFFUL, 2, false)]
    [InlineData(0xA_0000UL, 1, false)]
    [InlineData(0xB_FFFFUL, 2, false)]
    [InlineData(0xC_0000UL, 0x3_0000, true)]
    [InlineData(0xE_FFFFUL, 2, false)]
    [InlineData(ulong.MaxValue, 2, false)]
    public void Memory_HasAHoleAndAnEnd(ulong start, int length, bool isRam)
    {
        var bytes = new byte[length];

        bool isRead = _memory.TryRead(new GuestAddress(start), bytes);
        bool isWritten = _memory.TryWrite(new GuestAddress(start), bytes);
        bool isMapped = _memory.TryMap(new GuestAddress(start), length, out _);

        Assert.Equal((isRam, isRam, isRam), (isRead, isWritten, isMapped));
    }

    [Fact]
    public void WriteNoted_OutsideMemory_Throws() =>
        Assert.Throws<InvalidOperationException>(() => _memory.NoteWrite(new GuestAddress(0x9_FFF0), 0x20));

    [Theory]
    [InlineData(0xA_0000)]
    [InlineData(0xF_0000)]
    public void GuardArea_Written_IsFound(int at)
    {
        _memory.Check();

        _ram.Bytes[at]++;

        Assert.Throws<InvalidOperationException>(_memory.Check);
    }

    [Fact]
    public void Device_ThatWritesBesidesItsBuffers_IsFound()
    {
        var target = new StrayTarget();
        var random = new Random(1);

        Exception? thrown = Record.Exception(() =>
        {
            for (int i = 0; i < 10_000; i++)
                target.Act(random);
        });

        Assert.IsType<InvalidOperationException>(thrown);
    }

    private sealed class StrayTarget : VirtioTarget
    {
        public StrayTarget() => Plug(new StrayDevice(Machine.Context));

        protected override int Compose(Random random, BufferList request)
        {
            AddWritable(random, request, 16);
            return 0;
        }

        protected override void ActFromOutside(Random random)
        {
        }
    }

    /// <summary>Counts its buffers in a byte of memory that nobody gave it.</summary>
    private sealed class StrayDevice(DeviceContext context) : VirtioDevice("stray", new VirtioIdentity(42, 0x00FF00), [64], 4, context)
    {
        private readonly DescriptorChain _chain = new(context.Ram, 64);
        private byte _count;

        protected override ulong DeviceFeatures => 0;

        public override void Notify(int queue)
        {
            lock (Sync)
            {
                while (IsLiveLocked && TryPopLocked(Queues[0], _chain))
                {
                    Ram.TryWrite(new GuestAddress(0x9_0000), [++_count]);
                    Queues[0].Push(_chain.Head, 0);
                }
            }
        }
    }
}
