using Hearth.Testing;

namespace Hearth.Machine.Tests.Lifecycle;

public sealed class MachineStateTests
{
    [Fact]
    public void Apply_OfWrittenState_RestoresEveryDevice()
    {
        byte[] bytes = Write(new NumberDevice("a", 1), new NumberDevice("b", 2));
        NumberDevice a = new("a", 0), b = new("b", 0);

        Read(bytes).Apply([b, a]);

        Assert.Equal(1u, a.Value);
        Assert.Equal(2u, b.Value);
    }

    [Fact]
    public void ReadFrom_StreamThatGoesOn_ReadsItsOwnBytesOnly()
    {
        byte[] bytes = [.. Write(new NumberDevice("a", 1)), 0x55];
        var stream = new MemoryStream(bytes);

        MachineState.ReadFrom(stream);

        Assert.Equal(0x55, stream.ReadByte());
    }

    [Fact]
    public void Capture_OfTwoDevicesOfOneName_Throws()
    {
        Assert.Throws<MachineException>(() => MachineState.Capture([new NumberDevice("a", 1), new NumberDevice("a", 2)]));
    }

    [Fact]
    public void Apply_WithoutASection_NamesTheDeviceAndTouchesNothing()
    {
        MachineState state = Read(Write(new NumberDevice("a", 1)));
        NumberDevice a = new("a", 9), b = new("b", 9);

        SavedStateException error = Assert.Throws<SavedStateException>(() => state.Apply([a, b]));

        Assert.Contains("'b'", error.Message, StringComparison.Ordinal);
        Assert.Equal(9u, a.Value);
    }

    [Fact]
    public void Apply_WithASectionTooMany_NamesItAndTouchesNothing()
    {
        MachineState state = Read(Write(new NumberDevice("a", 1), new NumberDevice("b", 2)));
        var a = new NumberDevice("a", 9);

        SavedStateException error = Assert.Throws<SavedStateException>(() => state.Apply([a]));

        Assert.Contains("'b'", error.Message, StringComparison.Ordinal);
        Assert.Equal(9u, a.Value);
    }

    [Fact]
    public void ReadFrom_EveryPrefix_ThrowsSavedStateException()
    {
        byte[] bytes = Write(new NumberDevice("a", 1), new NumberDevice("bc", 2));

        Assert.All(Enumerable.Range(0, bytes.Length), length =>
            Assert.Throws<SavedStateException>(() => Read(bytes[..length])));
    }

    [Fact]
    public void ReadFrom_AnyBitFlipped_IsRefused()
    {
        byte[] bytes = Write(new NumberDevice("a", 1), new NumberDevice("bc", 2));

        Assert.All(Enumerable.Range(0, bytes.Length * 8), bit =>
        {
            byte[] damaged = [.. bytes];
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Throws<SavedStateException>(() => Read(damaged).Apply([new NumberDevice("a", 0), new NumberDevice("bc", 0)]));
        });
    }

    [Fact]
    public void ReadFrom_HugeLength_DoesNotAskForTheMemory()
    {
        byte[] bytes = Write(new NumberDevice("a", 1));
        bytes.AsSpan(8 + 4 + 4 + 2 + 1, 4).Clear();
        bytes[8 + 4 + 4 + 2 + 1 + 3] = 0x0F;

        long allocated = Allocations.Of(() => Assert.Throws<SavedStateException>(() => Read(bytes)));

        Assert.InRange(allocated, 0, 8 << 20);
    }

    private static byte[] Write(params IMachineDevice[] devices)
    {
        var stream = new MemoryStream();
        MachineState.Capture(devices).WriteTo(stream);
        return stream.ToArray();
    }

    private static MachineState Read(byte[] bytes) => MachineState.ReadFrom(new MemoryStream(bytes));
}
