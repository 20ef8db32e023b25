using System.Buffers.Binary;
using Hearth.Machine;

namespace Hearth.Memory.Tests;

/// <summary>Small copies are single accesses: another thread sees the old value or the new one, never a mixture.</summary>
public class GuestRamAccessTests
{
    private const int Rounds = 5_000_000;

    private static readonly GuestAddress s_word = new(0x2000);

    [Fact]
    public void RingIndex_WrittenWhileRead_IsNeverTorn()
    {
        using var ram = new GuestRam(1 << 20);
        ram.TryWrite(s_word, [0xFF, 0]);
        var writer = new Thread(() => Alternate(ram));
        writer.Start();

        uint torn = 0;
        while (writer.IsAlive)
        {
            ushort seen = Read(ram);
            torn += seen is 0x00FF or 0x0100 ? 0U : 1;
        }

        writer.Join();
        Assert.Equal(0U, torn);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(8)]
    [InlineData(4100)]
    public void Copy_OfAnyLength_ComesBack(int length)
    {
        using var ram = new GuestRam(1 << 20);
        byte[] written = new byte[length];
        new Random(length).NextBytes(written);
        byte[] read = new byte[length];

        bool wrote = ram.TryWrite(s_word + 1, written);
        bool got = ram.TryRead(s_word + 1, read);

        Assert.True(wrote && got);
        Assert.Equal(written, read);
    }

    private static void Alternate(GuestRam ram)
    {
        Span<byte> raw = stackalloc byte[2];
        for (int i = 0; i < Rounds; i++)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(raw, (ushort)(0x00FF + (i & 1)));
            ram.TryWrite(s_word, raw);
        }
    }

    private static ushort Read(GuestRam ram)
    {
        Span<byte> raw = stackalloc byte[2];
        ram.TryRead(s_word, raw);
        return BinaryPrimitives.ReadUInt16LittleEndian(raw);
    }
}
