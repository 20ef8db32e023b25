using Hearth.Testing;

namespace Hearth.Switch.Tests;

public sealed class FrameQueueTests
{
    private readonly FrameQueue _queue = new();

    [Fact]
    public void Frames_standBehindTheirLengths()
    {
        _queue.TryAdd(0, [1, 2, 3]);
        _queue.TryAdd(1, [4]);

        Assert.Equal([0, 0, 0, 3, 1, 2, 3, 0, 0, 0, 1, 4], _queue.Next.ToArray());
    }

    [Fact]
    public void Frames_removedInAnyPieces_comeOutInOrder()
    {
        var random = new Random(1);
        var expected = new MemoryStream();
        var got = new MemoryStream();
        for (int i = 0; i < 5000; i++)
        {
            byte[] frame = new byte[1 + random.Next(3000)];
            random.NextBytes(frame);
            if (_queue.TryAdd(random.Next(3), frame))
            {
                expected.Write([0, 0, (byte)(frame.Length >> 8), (byte)frame.Length]);
                expected.Write(frame);
            }

            Drain(got, random.Next(4000));
        }

        Drain(got, int.MaxValue);
        Assert.Equal(expected.ToArray(), got.ToArray());
        Assert.True(_queue.IsEmpty);
    }

    [Fact]
    public void Source_thatFloods_leavesRoomForOthers()
    {
        byte[] frame = new byte[1000];
        int flood = 0;
        while (_queue.TryAdd(0, frame))
            flood++;
        int others = 0;
        while (_queue.TryAdd(1, frame))
            others++;

        Assert.InRange(flood, 480, 530);
        Assert.InRange(others, 240, 270);
    }

    [Fact]
    public void Source_hasItsRoomBackWhenItsFramesAreGone()
    {
        byte[] frame = new byte[1000];
        while (_queue.TryAdd(0, frame))
            continue;

        _queue.Remove(2 * 1004);

        Assert.True(_queue.TryAdd(0, frame));
        Assert.False(_queue.TryAdd(0, new byte[60_000]));
    }

    [Fact]
    public void Adding_allocatesNothing()
    {
        byte[] frame = new byte[1500];

        long allocated = Allocations.Of(() =>
        {
            _queue.TryAdd(0, frame);
            _queue.Remove(_queue.Next.Length);
        });

        Assert.Equal(0, allocated);
    }

    private void Drain(MemoryStream to, int most)
    {
        while (most > 0 && !_queue.IsEmpty)
        {
            int count = Math.Min(most, _queue.Next.Length);
            to.Write(_queue.Next[..count]);
            _queue.Remove(count);
            most -= count;
        }
    }
}
