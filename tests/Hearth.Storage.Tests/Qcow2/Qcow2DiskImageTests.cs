using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Storage.Tests.Qcow2;

public sealed class Qcow2DiskImageTests : IDisposable
{
    private readonly ImageFolder _folder = new();
    private readonly Requests _requests = new();
    private readonly string _path;

    public Qcow2DiskImageTests()
    {
        _path = _folder["disk.qcow2"];
        _ = DiskCreation.Create(new NewDisk(_path, 64 << 20));
    }

    [Fact]
    public void Image_Opened_IsADisk()
    {
        using Qcow2DiskImage image = ImageFolder.Open(_path);

        Assert.Equal((64UL << 20, 512U, false, true), (image.Capacity, image.BlockSize, image.IsReadOnly, image.CanDiscard));
    }

    [Theory]
    [InlineData(BlockOperation.Write)]
    [InlineData(BlockOperation.Discard)]
    [InlineData(BlockOperation.WriteZeroes)]
    public void Change_OfReadOnlyDisk_IsIoError(BlockOperation operation)
    {
        byte[] before = File.ReadAllBytes(_path);
        using (Qcow2DiskImage image = ImageFolder.Open(_path, readOnly: true))
            Assert.Equal(BlockStatus.IoError, _requests.Run(image, operation, 0, 512, new byte[512]));

        Assert.Equal(before, File.ReadAllBytes(_path));
    }

    [Fact]
    public void Requests_OnOneNewClusterFromManySides_AllAreThere()
    {
        using (Qcow2DiskImage image = ImageFolder.Open(_path))
        {
            for (int i = 0; i < 64; i++)
                image.Submit(new BlockRequest(BlockOperation.Write, (ulong)i * 1024, 1024, new Memory<byte>[] { Enumerable.Repeat((byte)(i + 1), 1024).ToArray() }, _requests, i));
            _requests.WaitFor(64);
        }

        byte[] content = ImageFolder.Content(_path);
        Assert.All(Enumerable.Range(0, 64), i => Assert.Equal(-1, content.AsSpan(i * 1024, 1024).IndexOfAnyExcept((byte)(i + 1))));
        CheckReport report = DiskInspection.Check(_path, repair: false, null);
        Assert.Equal((true, 1L), (report.IsClean, report.AllocatedClusters));
    }

    [Fact]
    public void Discard_GivesTheRoomBackAndItIsUsedAgain()
    {
        using (Qcow2DiskImage image = ImageFolder.Open(_path))
        {
            byte[] data = new byte[1 << 20];
            new Random(4).NextBytes(data);
            for (ulong round = 0; round < 16; round++)
            {
                Assert.Equal(BlockStatus.Ok, _requests.Run(image, BlockOperation.Write, round << 20, 1 << 20, data));
                Assert.Equal(BlockStatus.Ok, _requests.Run(image, BlockOperation.Discard, round << 20, 1 << 20));
                Assert.Equal(BlockStatus.Ok, _requests.Run(image, BlockOperation.Flush, 0, 0));
            }
        }

        Assert.True(new FileInfo(_path).Length < 4 << 20);
        QemuTools.AssertClean(_path);
    }

    [Fact]
    public void Requests_InSteadyState_AllocateNothing()
    {
        using Qcow2DiskImage image = ImageFolder.Open(_path);
        byte[] buffer = new byte[4096];
        var memory = new Memory<byte>[] { buffer };
        using Hearth.Storage.Qcow2.Qcow2Image plain = OpenAnother();
        using var scratch = new RequestScratch(0);
        var window = new BufferWindow(memory, 0, 4096);

        long submitted = Allocations.Of(() => RunMany(image, buffer));
        long worked = Allocations.Of(() =>
        {
            for (int i = 0; i < 100; i++)
            {
                plain.Write(scratch, window, i * 4096);
                plain.Read(scratch, window, i * 4096);
                plain.Read(scratch, window, 32 << 20);
            }
        });

        Assert.Equal((0L, 0L), (submitted, worked));
    }

    [Fact]
    public void Write_ThatFindsNoRoom_IsNoSpaceAndTheImageIsWhole()
    {
        using var store = new FullStore(File.ReadAllBytes(_path), limit: 2 << 20);
        using (var image = new Qcow2DiskImage(new Hearth.Storage.Qcow2.Qcow2Image(new ImageFile(store, "full"), null, false, RequestWorkers.ThreadCount), "full", readOnly: false))
        {
            BlockStatus status = BlockStatus.Ok;
            for (ulong at = 0; at < 8 && status == BlockStatus.Ok; at++)
                status = _requests.Run(image, BlockOperation.Write, at << 20, 1 << 20, new byte[1 << 20]);
            Assert.Equal(BlockStatus.NoSpace, status);
            Assert.Equal(BlockStatus.Ok, _requests.Run(image, BlockOperation.Read, 0, 4096, new byte[4096]));
            Assert.Equal(BlockStatus.Ok, _requests.Run(image, BlockOperation.Write, 0, 4096, new byte[4096]));
        }

        File.WriteAllBytes(_path, store.Content);
        QemuTools.AssertClean(_path);
    }

    public void Dispose() => _folder.Dispose();

    private Hearth.Storage.Qcow2.Qcow2Image OpenAnother()
    {
        _ = DiskCreation.Create(new NewDisk(_folder["other.qcow2"], 64 << 20));
        return ImageFolder.OpenPlain(_folder["other.qcow2"]);
    }

    private void RunMany(Qcow2DiskImage image, byte[] buffer)
    {
        for (ulong i = 0; i < 100; i++)
        {
            _ = _requests.Run(image, BlockOperation.Read, i * 4096, 4096, buffer);
            _ = _requests.Run(image, BlockOperation.Write, 4096, 4096, buffer);
        }
    }
}
