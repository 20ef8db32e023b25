using Hearth.Linux;
using Hearth.Machine;

namespace Hearth.Storage.Tests.Qcow2;

public sealed class LayerTests
{
    private const int Length = 8 << 20;
    private const int Cluster = 64 << 10;

    private readonly Requests _requests = new();

    [Fact]
    public void Push_writesGoToTheLayer_andWhatWasBeforeStays()
    {
        using var folder = new LayerFolder();
        byte[] first = folder.Random(3 * Cluster);
        using (Qcow2DiskImage disk = folder.OpenTop(1))
        {
            Write(disk, 0, first);
            Push(folder, disk, 2);
            Write(disk, Cluster, new byte[Cluster]);
            disk.SealBelow();

            Assert.Equal([.. first[..Cluster], .. new byte[Cluster], .. first[(2 * Cluster)..]], Read(disk, 0, 3 * Cluster));
        }

        Assert.Equal(first, folder.ReadThrough(1, 3 * Cluster));
        Assert.Equal(new byte[Cluster], folder.ReadThrough(2, 3 * Cluster)[Cluster..(2 * Cluster)]);
        Assert.All([1, 2], layer => Assert.True(DiskInspection.Check(folder[layer], repair: false, null).IsClean));
    }

    [Fact]
    public void SealBelow_whileTheDiskIsUsed_letsOthersReadWhatLiesBelow()
    {
        using var folder = new LayerFolder();
        using Qcow2DiskImage disk = folder.OpenTop(1);
        byte[] first = folder.Random(Cluster);
        Write(disk, 0, first);
        Push(folder, disk, 2);

        Assert.Throws<StorageException>(() => folder.ReadThrough(1, Cluster));
        disk.SealBelow();

        Assert.Equal(first, folder.ReadThrough(1, Cluster));
    }

    [Fact]
    public void Prepare_imageOfAnotherSize_isRefused_andTheDiskGoesOn()
    {
        using var folder = new LayerFolder();
        using Qcow2DiskImage disk = folder.OpenTop(1);
        string other = folder[9];
        _ = DiskCreation.Create(new NewDisk(other, Length * 2));

        Assert.Throws<StorageException>(() => disk.Prepare(new ChainFile(FileDescriptor.Open(other, FileAccessMode.ReadWrite), other, DiskFormat.Qcow2)));

        Write(disk, 0, folder.Random(Cluster));
    }

    [Fact]
    public void Prepare_neverPushed_leavesTheDiskAsItWas()
    {
        using var folder = new LayerFolder();
        byte[] first = folder.Random(Cluster);
        using Qcow2DiskImage disk = folder.OpenTop(1);
        folder.MakeOn(1, 2);
        disk.Prepare(folder.Open(2)).Dispose();

        Write(disk, 0, first);

        Assert.Equal(first, Read(disk, 0, Cluster));
    }

    /// <summary>Three layers of random writes, zeros and discards; the middle one goes, while a disk reads through all of them.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void IntoBelow_whileSomebodyReads_changesNothingThatIsRead(int seed)
    {
        using var folder = new LayerFolder(seed);
        using (Qcow2DiskImage disk = folder.OpenTop(1))
        {
            Scribble(disk, folder);
            Push(folder, disk, 2);
            Scribble(disk, folder);
            disk.SealBelow();
            Push(folder, disk, 3);
            Scribble(disk, folder);
            disk.SealBelow();
            byte[] before = Read(disk, 0, Length);
            byte[] second = folder.ReadThrough(2, Length);

            Assert.True(DiskMerge.IntoBelow(folder[2], folder[1], () => false));

            Assert.Equal(before, Read(disk, 0, Length));
            Assert.False(File.Exists(folder[1]));
            Assert.Equal(second, folder.ReadThrough(2, Length));
            Write(disk, 5 * Cluster, before[..Cluster]);
        }

        Assert.All([2, 3], layer => Assert.True(DiskInspection.Check(folder[layer], repair: false, null).IsClean));
    }

    [Fact]
    public void IntoBelow_cutBeforeTheName_readsAsBefore()
    {
        using LayerFolder folder = TwoScribbledLayers();
        byte[] before = folder.ReadThrough(2, Length);
        File.Copy(folder[1], folder[8]);
        File.Copy(folder[2], folder[7]);
        _ = DiskMerge.IntoBelow(folder[7], folder[8], () => false);

        // What the lower file has become, under the name that it had when the power went.
        File.Copy(folder[7], folder[1], overwrite: true);
        Assert.Equal(before, folder.ReadThrough(2, Length));
    }

    [Fact]
    public void IntoBelow_thatGivesWay_readsAsBefore_andMayBeginAgain()
    {
        using LayerFolder folder = TwoScribbledLayers();
        byte[] before = folder.ReadThrough(2, Length);
        int pieces = 0;

        Assert.False(DiskMerge.IntoBelow(folder[2], folder[1], () => ++pieces > 5));
        Assert.All([1, 2], layer => Assert.True(DiskInspection.Check(folder[layer], repair: false, null).IsClean));
        Assert.Equal(before, folder.ReadThrough(2, Length));

        Assert.True(DiskMerge.IntoBelow(folder[2], folder[1], () => false));
        Assert.False(File.Exists(folder[1]));
        Assert.Equal(before, folder.ReadThrough(2, Length));
    }

    [Fact]
    public void IntoBelow_lowerHasTablesInMemory_isRefused_andNothingChanges()
    {
        using var folder = new LayerFolder();
        byte[] first = folder.Random(Cluster);
        using (Qcow2DiskImage disk = folder.OpenTop(1))
        {
            Write(disk, 0, first);
            Push(folder, disk, 2);
            Write(disk, Cluster, first);
            Push(folder, disk, 3);
            File.Copy(folder[2], folder[8]);

            Assert.Throws<StorageException>(() => DiskMerge.IntoBelow(folder[8], folder[1], () => false));
        }

        Assert.True(DiskInspection.Check(folder[1], repair: false, null).IsClean);
        Assert.Equal([.. first, .. first], folder.ReadThrough(3, 2 * Cluster));
    }

    [Fact]
    public void IntoBelow_upperIsWrittenTo_isRefused()
    {
        using var folder = new LayerFolder();
        folder.MakeOn(1, 2);
        using Qcow2DiskImage disk = folder.OpenTop(2);

        Assert.Throws<StorageException>(() => DiskMerge.IntoBelow(folder[2], folder[1], () => false));

        Assert.True(File.Exists(folder[1]));
    }

    private LayerFolder TwoScribbledLayers()
    {
        var folder = new LayerFolder();
        using Qcow2DiskImage disk = folder.OpenTop(1);
        Scribble(disk, folder);
        Push(folder, disk, 2);
        Scribble(disk, folder);
        return folder;
    }

    private static void Push(LayerFolder folder, Qcow2DiskImage disk, int layer)
    {
        folder.MakeOn(layer - 1, layer);
        disk.Push(disk.Prepare(folder.Open(layer)));
    }

    private void Scribble(Qcow2DiskImage disk, LayerFolder folder)
    {
        for (int i = 0; i < 40; i++)
        {
            ulong offset = (ulong)folder.Next(Length / 512 - 256) * 512;
            int length = (1 + folder.Next(255)) * 512;
            switch (folder.Next(4))
            {
                case 0:
                    _requests.Run(disk, BlockOperation.WriteZeroes, offset, (ulong)length);
                    break;
                case 1:
                    _requests.Run(disk, BlockOperation.Discard, offset & ~(ulong)(Cluster - 1), Cluster);
                    break;
                default:
                    Write(disk, (int)offset, folder.Random(length));
                    break;
            }
        }
    }

    private void Write(Qcow2DiskImage disk, int offset, byte[] content) =>
        Assert.Equal(BlockStatus.Ok, _requests.Run(disk, BlockOperation.Write, (ulong)offset, (ulong)content.Length, content));

    private byte[] Read(Qcow2DiskImage disk, int offset, int length)
    {
        var content = new byte[length];
        Assert.Equal(BlockStatus.Ok, _requests.Run(disk, BlockOperation.Read, (ulong)offset, (ulong)length, content));
        return content;
    }

    /// <summary>Numbered layers in a folder of their own, each on the one before.</summary>
    private sealed class LayerFolder : IDisposable
    {
        private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("hearth-layers-");
        private readonly Random _random;

        public LayerFolder(int seed = 1)
        {
            _random = new Random(seed);
            _ = DiskCreation.Create(new NewDisk(this[1], Length) { ClusterSize = Cluster });
        }

        public string this[int layer] => Path.Combine(_folder.FullName, $"{layer}.qcow2");

        public int Next(int end) => _random.Next(end);

        public byte[] Random(int length)
        {
            var bytes = new byte[length];
            _random.NextBytes(bytes);
            return bytes;
        }

        public void MakeOn(int below, int layer) => DiskCreation.Create(
            new NewDisk(this[layer], Length) { ClusterSize = Cluster, Backing = $"{below}.qcow2", BackingFormat = DiskFormat.Qcow2, IsBackingKnown = true });

        public ChainFile Open(int layer) => new(FileDescriptor.Open(this[layer], FileAccessMode.ReadWrite), this[layer], DiskFormat.Qcow2);

        public Qcow2DiskImage OpenTop(int layer) => new(DiskChain.Open(this[layer], DiskFormat.Qcow2, isReadOnly: false), readOnly: false);

        public byte[] ReadThrough(int layer, int length)
        {
            using var disk = new Qcow2DiskImage(DiskChain.Open(this[layer], DiskFormat.Qcow2, isReadOnly: true), readOnly: true);
            var content = new byte[length];
            Assert.Equal(BlockStatus.Ok, new Requests().Run(disk, BlockOperation.Read, 0, (ulong)length, content));
            return content;
        }

        public void Dispose() => _folder.Delete(recursive: true);
    }
}
