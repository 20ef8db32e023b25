namespace Hearth.Linux.Tests;

/// <summary>What is left to do after the kernel has moved fewer bytes than it was asked to.</summary>
public unsafe class PinnedVectorsTests
{
    private readonly byte[] _bytes = GC.AllocateArray<byte>(100, pinned: true);

    [Theory]
    [InlineData(1, 3, 1, 9)]
    [InlineData(9, 3, 9, 1)]
    [InlineData(10, 2, 10, 20)]
    [InlineData(11, 2, 11, 19)]
    [InlineData(30, 1, 40, 60)]
    [InlineData(89, 1, 99, 1)]
    public void Advance_byAnyNumber_goesOnBehindThatByte(int moved, int pieces, int offset, int length)
    {
        using PinnedVectors vectors = Three();

        vectors.Advance(moved);

        Assert.Equal((pieces, length), (vectors.Count, (int)vectors.First->iov_len));
        Assert.Equal(offset, (int)(vectors.First->iov_base - (byte*)Start));
    }

    [Fact]
    public void Advance_twice_addsUp()
    {
        using PinnedVectors vectors = Three();

        vectors.Advance(5);
        vectors.Advance(6);

        Assert.Equal((2, 11, 19), (vectors.Count, (int)(vectors.First->iov_base - (byte*)Start), (int)vectors.First->iov_len));
    }

    [Fact]
    public void Advance_byEverything_leavesNothing()
    {
        using PinnedVectors vectors = Three();

        vectors.Advance(90);

        Assert.Equal((90L, 3, 0), (vectors.Length, vectors.Taken, vectors.Count));
    }

    [Fact]
    public void Pieces_moreThanFit_areLeftForTheNext()
    {
        Memory<byte>[] many = [.. Enumerable.Range(0, PinnedVectors.Capacity + 1).Select(i => _bytes.AsMemory(i, 1))];

        using var vectors = new PinnedVectors(many);

        Assert.Equal(((long)PinnedVectors.Capacity, PinnedVectors.Capacity), (vectors.Length, vectors.Taken));
    }

    private nint Start => System.Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(_bytes, 0);

    /// <summary>Bytes 0 to 9, 10 to 29, and 40 to 99.</summary>
    private PinnedVectors Three() => new([_bytes.AsMemory(0, 10), _bytes.AsMemory(10, 20), _bytes.AsMemory(40, 60)]);
}
