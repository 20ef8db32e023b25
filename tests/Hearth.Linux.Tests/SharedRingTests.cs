namespace Hearth.Linux.Tests;

public sealed class SharedRingTests
{
    private const int Capacity = 4096;

    [Fact]
    public void Bytes_writtenOnOneSide_areReadOnTheOther()
    {
        using SharedRing producer = SharedRing.Create("test", Capacity);
        using SharedRing consumer = Attach(producer);
        var random = new Random(1);
        byte next = 0;
        byte expected = 0;
        Span<byte> buffer = stackalloc byte[512];

        for (int round = 0; round < 10_000; round++)
        {
            Span<byte> part = buffer[..random.Next(512)];
            foreach (ref byte value in part)
                value = next++;
            if (!producer.TryWrite(part))
                next -= (byte)part.Length;
            int count = consumer.Read(buffer[..random.Next(512)]);
            for (int i = 0; i < count; i++)
                Assert.Equal(expected++, buffer[i]);
        }

        Assert.Equal(consumer.Available, Capacity - producer.Room);
    }

    [Fact]
    public void Write_withoutRoom_writesNothing()
    {
        using SharedRing ring = SharedRing.Create("test", Capacity);

        Assert.True(ring.TryWrite(new byte[Capacity - 1]));
        Assert.False(ring.TryWrite(new byte[2]));
        Assert.Equal((1, Capacity - 1), (ring.Room, ring.Available));
        ring.Skip();
        Assert.Equal((Capacity, 0), (ring.Room, ring.Available));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(long.MinValue)]
    [InlineData(long.MaxValue)]
    [InlineData(Capacity + 1)]
    public unsafe void Position_thatTheOtherSideLiesAbout_staysInsideTheRing(long lie)
    {
        using SharedRing producer = SharedRing.Create("test", Capacity);
        using SharedRing consumer = Attach(producer);
        using MappedMemory header = MappedMemory.Shared(Duplicate(producer), Capacity);

        // SAFETY: the two positions are the first words of the first two cache lines.
        *(long*)header.Address = lie;
        *(long*)(header.Address + 64) = -lie;

        Assert.InRange(consumer.Available, 0, Capacity);
        Assert.InRange(producer.Room, 0, Capacity);
        Assert.InRange(consumer.Read(new byte[2 * Capacity]), 0, Capacity);
        producer.TryWrite(new byte[100]);
    }

    [Fact]
    public void Words_areSeenOnBothSides()
    {
        using SharedRing producer = SharedRing.Create("test", Capacity);
        using SharedRing consumer = Attach(producer);

        producer.SetWord(0, 42);
        consumer.SetWord(SharedRing.WordCount - 1, -1);

        Assert.Equal((42L, -1L), (consumer.GetWord(0), producer.GetWord(SharedRing.WordCount - 1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => producer.GetWord(SharedRing.WordCount));
    }

    [Fact]
    public void TwoThreads_keepTheOrder()
    {
        const int Total = 4 << 20;
        using SharedRing producer = SharedRing.Create("test", Capacity);
        using SharedRing consumer = Attach(producer);
        var writer = new Thread(() =>
        {
            var piece = new byte[64];
            for (int sent = 0; sent < Total;)
            {
                for (int i = 0; i < piece.Length; i++)
                    piece[i] = (byte)((sent + i) * 7);
                if (producer.TryWrite(piece))
                    sent += piece.Length;
                else
                    Thread.Yield();
            }
        });
        writer.Start();

        var read = new byte[100];
        int wrong = 0;
        for (int got = 0; got < Total;)
        {
            int count = consumer.Read(read);
            for (int i = 0; i < count; i++)
                wrong += read[i] == (byte)((got + i) * 7) ? 0 : 1;
            got += count;
        }

        writer.Join();
        Assert.Equal(0, wrong);
    }

    /// <summary>As another process has it: the same memory file, mapped once more.</summary>
    private static SharedRing Attach(SharedRing ring) => SharedRing.Attach(Duplicate(ring), Capacity);

    private static FileDescriptor Duplicate(SharedRing ring) => FileDescriptor.Open($"/proc/self/fd/{ring.File.Number}", FileAccessMode.ReadWrite);
}
