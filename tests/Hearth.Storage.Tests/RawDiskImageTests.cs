using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Storage.Tests;

public class RawDiskImageTests
{
    private const int Length = 1 << 20;

    private readonly Requests _requests = new();

    [Fact]
    public void Image_Opened_HasTheFilesCapacity()
    {
        using var disk = new TemporaryDisk(Length);
        using RawDiskImage image = disk.OpenImage();

        Assert.Equal((Length, 512U, false, true), ((int)image.Capacity, image.BlockSize, image.IsReadOnly, image.CanDiscard));
    }

    [Theory]
    [InlineData(0, "is empty.")]
    [InlineData(1000, "has 1000 bytes, which is not a multiple of 512.")]
    [InlineData(513, "has 513 bytes, which is not a multiple of 512.")]
    public void Image_OfImpossibleSize_ThrowsOneSentence(long length, string expected)
    {
        using var disk = new TemporaryDisk(length);

        StorageException thrown = Assert.Throws<StorageException>(() => disk.OpenImage());

        Assert.Equal($"The disk '{disk.Path}' {expected}", thrown.Message);
    }

    [Fact]
    public void Image_ThatIsNoFile_ThrowsOneSentence()
    {
        (Hearth.Linux.FileDescriptor read, Hearth.Linux.FileDescriptor write) = Pipe();
        using (write)
        {
            StorageException thrown = Assert.Throws<StorageException>(() => new RawDiskImage(read, "pipe", readOnly: true));

            Assert.StartsWith("The disk 'pipe' cannot be used: cannot tell the length of a disk", thrown.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Image_OpenForWriting_IsNotOpenedAgain()
    {
        using var disk = new TemporaryDisk(Length);
        using RawDiskImage image = disk.OpenImage();

        StorageException write = Assert.Throws<StorageException>(() => disk.OpenImage());
        StorageException read = Assert.Throws<StorageException>(() => disk.OpenImage(readOnly: true));

        Assert.Equal($"The disk '{disk.Path}' is in use by another guest, or given twice.", write.Message);
        Assert.Equal(write.Message, read.Message);
    }

    [Fact]
    public void Image_OpenReadOnly_IsSharedByReaders()
    {
        using var disk = new TemporaryDisk(Length);
        using RawDiskImage first = disk.OpenImage(readOnly: true);
        using RawDiskImage second = disk.OpenImage(readOnly: true);

        Assert.Throws<StorageException>(() => disk.OpenImage());
    }

    [Fact]
    public void Image_Disposed_CanBeOpenedAgain()
    {
        using var disk = new TemporaryDisk(Length);
        disk.OpenImage().Dispose();

        using RawDiskImage again = disk.OpenImage();

        Assert.Equal((ulong)Length, again.Capacity);
    }

    [Fact]
    public void WriteThenRead_GivesTheBytesBack()
    {
        using var disk = new TemporaryDisk(Length);
        using RawDiskImage image = disk.OpenImage();
        byte[] data = new byte[4096];
        new Random(2).NextBytes(data);
        byte[] read = new byte[4096];

        BlockStatus written = _requests.Run(image, BlockOperation.Write, 8192, 4096, data);
        BlockStatus flushed = _requests.Run(image, BlockOperation.Flush, 0, 0);
        BlockStatus got = _requests.Run(image, BlockOperation.Read, 8192, 4096, read);

        Assert.Equal((BlockStatus.Ok, BlockStatus.Ok, BlockStatus.Ok), (written, flushed, got));
        Assert.Equal(data, read);
        Assert.Equal(data, disk.Content.AsSpan(8192, 4096));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(200)]
    public void Transfer_OfScatteredPieces_KeepsTheirOrder(int pieces)
    {
        using var disk = new TemporaryDisk(Length);
        using RawDiskImage image = disk.OpenImage();
        byte[] data = new byte[pieces * 1024];
        new Random(3).NextBytes(data);
        byte[] read = new byte[data.Length];

        BlockStatus written = _requests.Run(image, BlockOperation.Write, 512, (ulong)data.Length, Scatter(data));
        BlockStatus got = _requests.Run(image, BlockOperation.Read, 512, (ulong)data.Length, Scatter(read));

        Assert.Equal((BlockStatus.Ok, BlockStatus.Ok), (written, got));
        Assert.Equal(data, disk.Content.AsSpan(512, data.Length));
        Assert.Equal(data, read);
    }

    [Theory]
    [InlineData(BlockOperation.WriteZeroes)]
    [InlineData(BlockOperation.Discard)]
    public void Range_ZeroedOrDiscarded_LeavesTheRestAlone(BlockOperation operation)
    {
        using var disk = new TemporaryDisk(Length);
        using RawDiskImage image = disk.OpenImage();
        byte[] before = disk.Content;

        BlockStatus status = _requests.Run(image, operation, 65536, 131072);

        byte[] after = disk.Content;
        Assert.Equal(BlockStatus.Ok, status);
        Assert.Equal(Length, after.Length);
        Assert.Equal(before.AsSpan(0, 65536), after.AsSpan(0, 65536));
        Assert.Equal(before.AsSpan(196608), after.AsSpan(196608));
    }

    [Fact]
    public void Range_Zeroed_ReadsAsZeroes()
    {
        using var disk = new TemporaryDisk(Length);
        using RawDiskImage image = disk.OpenImage();

        _requests.Run(image, BlockOperation.WriteZeroes, 512, 40_960);

        Assert.Equal(-1, disk.Content.AsSpan(512, 40_960).IndexOfAnyExcept((byte)0));
    }

    [Theory]
    [InlineData(BlockOperation.Read, Length, 512)]
    [InlineData(BlockOperation.Write, Length - 512, 1024)]
    [InlineData(BlockOperation.Discard, ulong.MaxValue - 511, 512)]
    public void Request_OutsideTheDisk_IsIoError(BlockOperation operation, ulong offset, ulong length)
    {
        using var disk = new TemporaryDisk(Length);
        using RawDiskImage image = disk.OpenImage();

        Assert.Equal(BlockStatus.IoError, _requests.Run(image, operation, offset, length, new byte[length]));
        Assert.Equal(Length, new FileInfo(disk.Path).Length);
    }

    [Theory]
    [InlineData(BlockOperation.Write)]
    [InlineData(BlockOperation.Discard)]
    [InlineData(BlockOperation.WriteZeroes)]
    public void Change_OfReadOnlyDisk_IsIoError(BlockOperation operation)
    {
        using var disk = new TemporaryDisk(Length);
        using RawDiskImage image = disk.OpenImage(readOnly: true);
        byte[] before = disk.Content;

        Assert.Equal(BlockStatus.IoError, _requests.Run(image, operation, 0, 512, new byte[512]));
        Assert.Equal(before, disk.Content);
    }

    [Fact]
    public void Read_OfFileCutShortMeanwhile_IsIoError()
    {
        using var disk = new TemporaryDisk(Length);
        using RawDiskImage image = disk.OpenImage();
        using (FileStream stream = File.Open(disk.Path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
            stream.SetLength(512);

        Assert.Equal(BlockStatus.IoError, _requests.Run(image, BlockOperation.Read, 512, 512, new byte[512]));
    }

    [Fact]
    public void Requests_ManyInFlight_AllEndWithTheirOwnData()
    {
        using var disk = new TemporaryDisk(Length);
        using RawDiskImage image = disk.OpenImage();
        byte[][] buffers = [.. Enumerable.Range(0, 64).Select(i => Enumerable.Repeat((byte)i, 4096).ToArray())];

        for (int i = 0; i < 64; i++)
            image.Submit(new BlockRequest(BlockOperation.Write, (ulong)i * 4096, 4096, new Memory<byte>[] { buffers[i] }, _requests, i));
        _requests.WaitFor(64);

        byte[] content = disk.Content;
        Assert.All(Enumerable.Range(0, 64), i => Assert.Equal(buffers[i], content.AsSpan(i * 4096, 4096)));
    }

    [Fact]
    public void Dispose_WithRequestsInFlight_EndsThemFirst()
    {
        using var disk = new TemporaryDisk(Length);
        RawDiskImage image = disk.OpenImage();
        for (int i = 0; i < 64; i++)
            image.Submit(new BlockRequest(BlockOperation.Write, (ulong)i * 4096, 4096, new Memory<byte>[] { new byte[4096] }, _requests, i));

        image.Dispose();

        _requests.WaitFor(64);
        Assert.Equal(-1, disk.Content.AsSpan(0, 64 * 4096).IndexOfAnyExcept((byte)0));
    }

    [Fact]
    public void Requests_InSteadyState_AllocateNothing()
    {
        using var disk = new TemporaryDisk(Length);
        using RawDiskImage image = disk.OpenImage();
        byte[] buffer = new byte[4096];

        long allocated = Allocations.Of(() => RunMany(image, buffer, 200));

        Assert.Equal(0, allocated);
    }

    /// <summary>Pieces of 512 and of 1536 bytes in turn, the last one of what is left.</summary>
    private static Memory<byte>[] Scatter(byte[] data)
    {
        List<Memory<byte>> pieces = [];
        for (int start = 0; start < data.Length; start += pieces[^1].Length)
            pieces.Add(data.AsMemory(start, Math.Min(data.Length - start, pieces.Count % 2 == 0 ? 512 : 1536)));
        return [.. pieces];
    }

    private void RunMany(RawDiskImage image, byte[] buffer, int count)
    {
        for (int i = 0; i < count; i++)
        {
            _requests.Run(image, BlockOperation.Read, 0, 4096, buffer);
            _requests.Run(image, BlockOperation.Write, 4096, 4096, buffer);
        }
    }

    private static (Hearth.Linux.FileDescriptor Read, Hearth.Linux.FileDescriptor Write) Pipe()
    {
        using var server = new System.IO.Pipes.AnonymousPipeServerStream(System.IO.Pipes.PipeDirection.Out);
        var write = new Hearth.Linux.FileDescriptor((int)server.SafePipeHandle.DangerousGetHandle());
        var read = new Hearth.Linux.FileDescriptor((int)server.ClientSafePipeHandle.DangerousGetHandle());
        server.SafePipeHandle.SetHandleAsInvalid();
        server.ClientSafePipeHandle.SetHandleAsInvalid();
        return (read, write);
    }
}
