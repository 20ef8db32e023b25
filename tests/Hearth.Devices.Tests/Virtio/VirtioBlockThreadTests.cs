using System.Buffers.Binary;
using Hearth.Devices.Virtio.Block;

namespace Hearth.Devices.Tests.Virtio;

/// <summary>The block device with a backend that ends requests on other threads while a vCPU notifies and the machine pauses.</summary>
public class VirtioBlockThreadTests
{
    private const ulong Headers = 0x40000;
    private const ulong Statuses = 0x4F000;
    private const ulong Data = 0x50000;
    private const uint Outstanding = 80;

    private readonly PooledBlockBackend _disk = new();
    private readonly VirtioRig _rig;

    public VirtioBlockThreadTests()
    {
        _rig = new VirtioRig(context => new VirtioBlockDevice("virtio-blk0", _disk, "", context));
        _rig.Start(VirtioRig.Version1 | VirtioRig.EventIndex, 256);
    }

    [Fact]
    public void Requests_EndedByManyThreads_AllArriveWithTheirData()
    {
        for (int round = 0; round < 200; round++)
        {
            AddReads();
            _rig.Kick();
            WaitForUsed();
        }

        Assert.Equal(15, _rig.Status);
    }

    [Fact]
    public void Pause_AmidRequests_LeavesNothingRunningAndResumeEndsTheRest()
    {
        for (int round = 0; round < 200; round++)
        {
            AddReads();
            _rig.Kick();
            _rig.Function.Pause();
            ushort used = _rig.Queue(0).UsedIndex;
            int running = _disk.Running;
            Thread.SpinWait(2000);

            Assert.Equal(0, running);
            Assert.Equal(used, _rig.Queue(0).UsedIndex);
            _rig.Function.Resume();
            WaitForUsed();
        }
    }

    [Fact]
    public void HardwareReset_AmidRequests_WaitsForThem()
    {
        for (int round = 0; round < 100; round++)
        {
            AddReads();
            _rig.Kick();

            _rig.Function.Reset();

            Assert.Equal(0, _disk.Running);
            _rig.Assign();
            _rig.Start(VirtioRig.Version1 | VirtioRig.EventIndex, 256);
        }
    }

    private void AddReads()
    {
        Span<byte> ram = _rig.Machine.Ram.Bytes;
        ram.Slice((int)Data, (int)Outstanding * 512).Fill(0xEE);
        for (uint i = 0; i < Outstanding; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(ram[(int)(Headers + (16 * i) + 8)..], i);
            _rig.Queue(0).Add(
                new(Headers + (16 * i), 16), new(Data + (512 * i), 512, Writable: true), new(Statuses + i, 1, Writable: true));
        }
    }

    private void WaitForUsed()
    {
        for (uint i = 0; i < Outstanding; i++)
            Assert.True(SpinWait.SpinUntil(() => _rig.Queue(0).TryTakeUsed(out _, out _), TimeSpan.FromSeconds(20)), "A request did not end.");
        byte[] ram = _rig.Machine.Ram.Bytes;
        Assert.All(Enumerable.Range(0, (int)Outstanding), i => Assert.Equal(-1, ram.AsSpan((int)Data + (512 * i), 512).IndexOfAnyExcept((byte)i)));
    }
}
