namespace Hearth.Machine.Tests.Lifecycle;

public sealed class StateTests
{
    [Fact]
    public void Reader_OfEverythingWritten_GivesItBack()
    {
        var writer = new StateWriter();
        writer.WriteBoolean(true);
        writer.WriteByte(0x12);
        writer.WriteUInt16(0x3456);
        writer.WriteUInt32(0x789A_BCDE);
        writer.WriteUInt64(0x1122_3344_5566_7788);
        writer.WriteInt64(-5);
        writer.WriteBytes([1, 2, 3]);
        writer.WriteBytes([4, 5]);
        var reader = new StateReader("test", writer.Written);
        byte[] exact = new byte[3];

        Assert.True(reader.ReadBoolean());
        Assert.Equal(0x12, reader.ReadByte());
        Assert.Equal(0x3456, reader.ReadUInt16());
        Assert.Equal(0x789A_BCDEu, reader.ReadUInt32());
        Assert.Equal(0x1122_3344_5566_7788u, reader.ReadUInt64());
        Assert.Equal(-5, reader.ReadInt64());
        reader.ReadBytes(exact);
        Assert.Equal([1, 2, 3], exact);
        Assert.Equal([4, 5], reader.ReadBytes(16));
        Assert.True(reader.IsAtEnd);
    }

    [Fact]
    public void Writer_OfNumbers_IsLittleEndian()
    {
        var writer = new StateWriter();

        writer.WriteUInt32(0x0403_0201);

        Assert.Equal([1, 2, 3, 4], writer.Written.ToArray());
    }

    [Fact]
    public void Reader_PastTheEnd_NamesTheSection()
    {
        var reader = new StateReader("uart0", new byte[] { 1 });

        SavedStateException error = Assert.Throws<SavedStateException>(() => reader.ReadUInt16());

        Assert.Contains("'uart0'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Reader_OfBytesOfAnotherLength_Throws()
    {
        var reader = new StateReader("test", new byte[] { 2, 0, 0, 0, 7, 7 });

        Assert.Throws<SavedStateException>(() => reader.ReadBytes(new byte[3]));
    }

    [Fact]
    public void Reader_OfMoreBytesThanAllowed_Throws()
    {
        var reader = new StateReader("test", new byte[] { 0xFF, 0xFF, 0xFF, 0xFF });

        Assert.Throws<SavedStateException>(() => reader.ReadBytes(1000));
    }

    [Fact]
    public void Reader_OfBooleanTwo_Throws()
    {
        var reader = new StateReader("test", new byte[] { 2 });

        Assert.Throws<SavedStateException>(() => reader.ReadBoolean());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(255)]
    public void ReadVersion_OfUnknownVersion_NamesIt(byte version)
    {
        var reader = new StateReader("test", new[] { version });

        SavedStateException error = Assert.Throws<SavedStateException>(() => reader.ReadVersion("rtc", 2));

        Assert.Contains($"version {version}", error.Message, StringComparison.Ordinal);
    }
}
