namespace Hearth.Cpu.Software.Tests.Persistence;

/// <summary>Records of translated code: what is executed is looked at before it is taken.</summary>
public sealed class KeptBlockTests
{
    private const int CodeLength = 300;
    private const int CheckedEntryOffset = 12;
    private const int NearEntryOffset = 14;

    [Fact]
    public void Record_comes_back_as_it_was_written()
    {
        byte[] record = Record(checkedEntry: 14, nearEntry: 30);

        KeptBlock block = KeptBlock.Read([.. record, 1, 2, 3], out int length);

        Assert.Equal(record.Length, length);
        Assert.Equal(0, length % 8);
        Assert.Equal((ModeFlags.Long | ModeFlags.User, 0xABC, 14, 30, 5), (block.Mode, block.Offset, block.CheckedEntry, block.NearEntry, block.Age));
        Assert.Equal([7U, 8U], block.Relocations.ToArray());
        Assert.Equal([9U], block.Map.ToArray());
        Assert.Equal(Code(CodeLength), block.Code.ToArray());
        Assert.Equal([0x90, 0x90, 0xC3], block.Bytes.ToArray());
    }

    [Theory]
    [InlineData(CheckedEntryOffset, 256)]
    [InlineData(CheckedEntryOffset, ushort.MaxValue)]
    [InlineData(NearEntryOffset, 256)]
    [InlineData(NearEntryOffset, ushort.MaxValue)]
    public void Entry_that_a_block_cannot_have_is_refused(int field, int entry)
    {
        byte[] record = Record(checkedEntry: 14, nearEntry: 30);
        BitConverter.TryWriteBytes(record.AsSpan(field), (ushort)entry);

        KeptBlock block = KeptBlock.Read(record, out int length);

        Assert.Equal(0, length);
        Assert.True(block.Code.IsEmpty);
    }

    [Theory]
    [InlineData(CheckedEntryOffset)]
    [InlineData(NearEntryOffset)]
    public void Entry_behind_the_code_is_refused(int field)
    {
        const int Shorter = 40;
        byte[] record = Record(checkedEntry: 14, nearEntry: Shorter - 1, Shorter);
        _ = KeptBlock.Read(record, out int before);
        BitConverter.TryWriteBytes(record.AsSpan(field), (ushort)Shorter);

        _ = KeptBlock.Read(record, out int after);

        Assert.Equal((record.Length, 0), (before, after));
    }

    [Fact]
    public void Last_entry_that_is_taken_is_one_that_a_block_can_have()
    {
        KeptBlock kept = KeptBlock.Read(Record(byte.MaxValue, byte.MaxValue), out int length);

        Assert.NotEqual(0, length);
        TranslatedBlock block = Block(kept);
        Assert.Equal((kept.CheckedEntry, kept.NearEntry), (block.CheckedOffset, block.NearOffset));
    }

    /// <summary>Lengths of the guest's code (at 6) and of the host's (at 8), and numbers of relocations (at 16) and of map entries (at 18).</summary>
    [Theory]
    [InlineData(6, 0)]
    [InlineData(6, 4097)]
    [InlineData(8, 15)]
    [InlineData(8, 0xFFFF)]
    [InlineData(16, 0xFFFF)]
    [InlineData(18, 0xFFFF)]
    public void Length_that_cannot_be_is_refused(int field, int value)
    {
        byte[] record = Record(checkedEntry: 14, nearEntry: 30);
        BitConverter.TryWriteBytes(record.AsSpan(field), (ushort)value);

        _ = KeptBlock.Read(record, out int length);

        Assert.Equal(0, length);
    }

    [Fact]
    public void Record_that_was_cut_off_is_refused()
    {
        byte[] record = Record(checkedEntry: 14, nearEntry: 30);

        Assert.All(Enumerable.Range(0, record.Length), length =>
        {
            _ = KeptBlock.Read(record.AsSpan(0, length), out int read);
            Assert.Equal(0, read);
        });
    }

    [Fact]
    public void Records_up_to_one_that_is_refused_are_used()
    {
        byte[] good = Record(checkedEntry: 14, nearEntry: 30);

        var kept = new KeptTranslations((byte[])[.. good, .. good, .. Record(checkedEntry: 256, nearEntry: 30), .. good]);

        Assert.Equal(2, kept.Count);
    }

    private static byte[] Record(int checkedEntry, int nearEntry, int codeLength = CodeLength)
    {
        var stream = new MemoryStream();
        new KeptBlock
        {
            Mode = ModeFlags.Long | ModeFlags.User,
            Offset = 0xABC,
            CheckedEntry = checkedEntry,
            NearEntry = nearEntry,
            Age = 0,
            Relocations = [7, 8],
            Map = [9],
            Code = Code(codeLength),
            Bytes = [0x90, 0x90, 0xC3],
        }.Write(stream, age: 5);
        return stream.ToArray();
    }

    private static byte[] Code(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)(i * 7))];

    private static unsafe TranslatedBlock Block(in KeptBlock kept) => new()
    {
        Physical = 0x1000,
        Length = kept.Bytes.Length,
        Mode = kept.Mode,
        FarEntry = null,
        CheckedOffset = kept.CheckedEntry,
        NearOffset = kept.NearEntry,
    };
}
