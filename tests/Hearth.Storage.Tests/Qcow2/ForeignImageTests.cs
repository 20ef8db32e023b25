using Hearth.Storage.Qcow2;

namespace Hearth.Storage.Tests.Qcow2;

/// <summary>Images that QEMU made are read right, and QEMU reads right what is made here.</summary>
public class ForeignImageTests
{
    private const int DiskLength = 5 << 20;

    [Theory]
    [InlineData("compat=0.10")]
    [InlineData("compat=1.1")]
    [InlineData("cluster_size=512")]
    [InlineData("cluster_size=1k")]
    [InlineData("cluster_size=16k")]
    [InlineData("cluster_size=2M")]
    [InlineData("refcount_bits=1")]
    [InlineData("refcount_bits=64")]
    [InlineData("lazy_refcounts=on")]
    [InlineData("preallocation=metadata")]
    [InlineData("preallocation=falloc")]
    [InlineData("compression_type=zstd")]
    public void Image_madeByQemu_isReadRight(string options)
    {
        using var folder = new ImageFolder();
        string path = folder["disk.qcow2"];
        _ = QemuTools.Image("create", "-f", "qcow2", "-o", options, path, $"{DiskLength}");
        _ = QemuTools.Io(path, "write -P 17 0 512", "write -P 18 70000 200000", "write -P 19 1M 1M", "write -z 1200k 300k", "discard 1M 64k", "write -P 20 4M 1M");

        AssertSame(folder, path);
    }

    [Theory]
    [InlineData("vmdk", "")]
    [InlineData("vdi", "")]
    [InlineData("vhdx", "")]
    [InlineData("vpc", "subformat=dynamic")]
    [InlineData("qed", "")]
    public void Image_ofAnotherProgram_isNoRawDisk(string format, string options)
    {
        using var folder = new ImageFolder();
        string path = folder["disk.img"];
        _ = QemuTools.Image(["create", "-f", format, .. options.Length == 0 ? (string[])[] : ["-o", options], path, "20M"]);
        byte[] before = File.ReadAllBytes(path);

        string[] sentences =
        [
            Assert.Throws<StorageException>(() => DiskChain.Open(path, null, isReadOnly: false)).Message,
            Assert.Throws<StorageException>(() => DiskInspection.Describe(path, null)).Message,
            Assert.Throws<StorageException>(() => DiskChanges.Resize(path, null, 40 << 20, shrink: false)).Message,
        ];

        Assert.Equal(format, ForeignFormat.Recognise(path));
        Assert.All(sentences, sentence => Assert.Equal($"The disk '{path}' is a {format} image: `hearth disk convert` makes one of it that can be used; if it is none, say that its format is raw.", sentence));
        Assert.Equal(before, File.ReadAllBytes(path));
        Assert.Equal("raw", DiskInspection.Describe(path, DiskFormat.Raw).Format);
    }

    [Fact]
    public void Received_image_hasNoNameUntilItIsWhole()
    {
        using var folder = new ImageFolder();
        string source = folder["disk.vmdk"];
        string target = folder["disk.qcow2"];
        _ = QemuTools.Image("create", "-f", "vmdk", source, "5M");

        Assert.Throws<IOException>(() => DiskConversion.Receive(target, unfinished =>
        {
            _ = QemuTools.Image("convert", "-f", "vmdk", "-O", "qcow2", source, unfinished);
            Assert.Single(Directory.GetFiles(Path.GetDirectoryName(target)!));
            throw new IOException("the power is cut");
        }));
        Assert.Single(Directory.GetFiles(Path.GetDirectoryName(target)!));
        DiskConversion.Receive(target, unfinished => _ = QemuTools.Image("convert", "-f", "vmdk", "-O", "qcow2", source, unfinished));

        QemuTools.AssertClean(target);
        Assert.Equal(5UL << 20, DiskInspection.Describe(target, null).VirtualSize);
    }

    [Fact]
    public void Shrinking_thatTheFormatCannot_losesNothing()
    {
        using var folder = new ImageFolder();
        string path = folder["disk.qcow2"];
        _ = QemuTools.Image("create", "-f", "qcow2", "-o", "compat=0.10", path, "4M");
        _ = QemuTools.Io(path, "write -P 9 3M 1M");
        DiskChanges.CreateSnapshot(path, "one", DateTimeOffset.UnixEpoch);
        byte[] before = ImageFolder.Content(path);

        StorageException thrown = Assert.Throws<StorageException>(() => DiskChanges.Resize(path, null, 1 << 20, shrink: true));

        Assert.Contains("has snapshots, which in version 2 of the format do not know their size", thrown.Message, StringComparison.Ordinal);
        Assert.Equal(before, ImageFolder.Content(path));
        QemuTools.AssertClean(path);
    }

    /// <summary>More than a reference count in memory has bits for.</summary>
    [Fact]
    public void Cluster_ofManySnapshots_isCountedRight()
    {
        const int Snapshots = 70;
        using var folder = new ImageFolder();
        string path = folder["disk.qcow2"];
        _ = QemuTools.Image("create", "-f", "qcow2", path, "1M");
        _ = QemuTools.Io(path, "write -P 9 0 64k");
        for (int i = 0; i < Snapshots; i++)
            DiskChanges.CreateSnapshot(path, $"s{i}", DateTimeOffset.UnixEpoch);

        Assert.True(DiskInspection.Check(path, repair: false, null).IsClean);
        QemuTools.AssertClean(path);
        DiskChanges.DeleteSnapshot(path, "s7");
        Assert.True(DiskInspection.Check(path, repair: false, null).IsClean);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\nb")]
    [InlineData("\u001b[2J")]
    public void Snapshot_withoutAProperName_isRefused(string name)
    {
        using var folder = new ImageFolder();
        string path = folder["disk.qcow2"];
        _ = QemuTools.Image("create", "-f", "qcow2", path, "1M");

        Assert.Throws<StorageException>(() => DiskChanges.CreateSnapshot(path, name, DateTimeOffset.UnixEpoch));
        Assert.Throws<StorageException>(() => DiskChanges.CreateSnapshot(path, new string('x', 256), DateTimeOffset.UnixEpoch));

        Assert.Empty(DiskInspection.Describe(path, null).Snapshots);
        DiskChanges.CreateSnapshot(path, new string('x', 255), DateTimeOffset.UnixEpoch);
        QemuTools.AssertClean(path);
    }

    [Theory]
    [InlineData("zlib", "64k")]
    [InlineData("zlib", "512")]
    [InlineData("zlib", "2M")]
    [InlineData("zstd", "64k")]
    [InlineData("zstd", "4k")]
    public void Image_compressedByQemu_isReadRightAndCanBeWritten(string compression, string clusterSize)
    {
        using var folder = new ImageFolder();
        string raw = folder["source.raw"];
        File.WriteAllBytes(raw, [.. Enumerable.Range(0, DiskLength).Select(i => (byte)((i >> 9) ^ (i & 7)))]);
        string path = folder["disk.qcow2"];
        _ = QemuTools.Image("convert", "-c", "-f", "raw", "-O", "qcow2", "-o", $"compression_type={compression},cluster_size={clusterSize}", raw, path);
        byte[] expected = File.ReadAllBytes(raw);

        Assert.True(expected.AsSpan().SequenceEqual(ImageFolder.Content(path)));
        Write(path, expected, 100_352, 70_144, 99);

        QemuTools.AssertClean(path);
        QemuTools.AssertContent(path, expected);
    }

    [Fact]
    public void Snapshots_madeByQemu_areListedAndApplied()
    {
        using var folder = new ImageFolder();
        string path = folder["disk.qcow2"];
        _ = QemuTools.Image("create", "-f", "qcow2", path, $"{DiskLength}");
        _ = QemuTools.Io(path, "write -P 1 0 3M");
        byte[] first = ImageFolder.Content(path);
        _ = QemuTools.Image("snapshot", "-c", "first", path);
        _ = QemuTools.Io(path, "write -P 2 1M 3M");

        SnapshotInfo snapshot = Assert.Single(DiskInspection.Describe(path, null).Snapshots);
        DiskChanges.ApplySnapshot(path, "first");

        Assert.Equal(("1", "first", (ulong)DiskLength), (snapshot.Id, snapshot.Name, snapshot.DiskSize));
        QemuTools.AssertClean(path);
        QemuTools.AssertContent(path, first);
        DiskChanges.DeleteSnapshot(path, "first");
        QemuTools.AssertClean(path);
        QemuTools.AssertContent(path, first);
    }

    [Fact]
    public void Bitmaps_ofQemu_areGivenUpWhenTheImageIsWritten()
    {
        using var folder = new ImageFolder();
        string path = folder["disk.qcow2"];
        _ = QemuTools.Image("create", "-f", "qcow2", path, $"{DiskLength}");
        _ = QemuTools.Image("bitmap", "--add", path, "since");
        Assert.True(DiskInspection.Check(path, repair: false, null).IsClean);
        byte[] expected = new byte[DiskLength];

        Write(path, expected, 0, 512, 1);

        Assert.Equal(0, DiskInspection.Check(path, repair: false, null).Errors);
        CheckReport report = DiskInspection.Check(path, repair: true, null);
        Assert.True(report.LeaksFixed > 0);
        Assert.True(DiskInspection.Check(path, repair: false, null).IsClean);
        QemuTools.AssertContent(path, expected);
    }

    [Theory]
    [InlineData(512, 3, 16)]
    [InlineData(512, 3, 64)]
    [InlineData(4096, 3, 1)]
    [InlineData(65536, 2, 16)]
    [InlineData(65536, 3, 16)]
    [InlineData(2 << 20, 3, 8)]
    public void Image_madeHere_isReadRightByQemu(int clusterSize, int version, int refcountBits)
    {
        using var folder = new ImageFolder();
        string path = folder["disk.qcow2"];
        _ = DiskCreation.Create(new NewDisk(path, DiskLength) { ClusterSize = clusterSize, Version = version, RefcountBits = refcountBits });
        QemuTools.AssertClean(path);
        byte[] expected = new byte[DiskLength];
        Write(path, expected, 512, 2_000_384, 3);

        QemuTools.AssertClean(path);
        QemuTools.AssertContent(path, expected);
        Assert.Contains("\"virtual-size\": 5242880", QemuTools.Image("info", "--output=json", path), StringComparison.Ordinal);
    }

    [Fact]
    public void LargeTables_ofSmallClusters_areMadeAndGrow()
    {
        using var folder = new ImageFolder();
        string path = folder["disk.qcow2"];
        _ = DiskCreation.Create(new NewDisk(path, 1UL << 30) { ClusterSize = 512, RefcountBits = 64 });
        QemuTools.AssertClean(path);

        using (Qcow2Image image = ImageFolder.OpenPlain(path))
        {
            using var scratch = new RequestScratch(0);
            image.Write(scratch, new BufferWindow(new Memory<byte>[] { new byte[24 << 20] }, 0, 24 << 20), 500 << 20);
            image.Close();
        }

        QemuTools.AssertClean(path);
        DiskChanges.Resize(path, null, 3UL << 30, shrink: false);
        QemuTools.AssertClean(path);
        Assert.Equal(3UL << 30, DiskInspection.Describe(path, null).VirtualSize);
    }

    [Theory]
    [InlineData("0.10")]
    [InlineData("1.1")]
    public void Resize_keepsWhatIsInsideAndZerosWhatIsNew(string compat)
    {
        using var folder = new ImageFolder();
        string raw = folder.WriteRandom("base.raw", DiskLength, 5);
        string path = folder["disk.qcow2"];
        _ = QemuTools.Image("create", "-f", "qcow2", "-o", $"compat={compat}", "-b", raw, "-F", "raw", path, "3M");
        byte[] expected = File.ReadAllBytes(raw)[..(3 << 20)];
        Write(path, expected, (2 << 20) - 512, 70_144, 8);

        DiskChanges.Resize(path, null, (2 << 20) + 512, shrink: true);
        DiskChanges.Resize(path, null, 6 << 20, shrink: false);

        Array.Resize(ref expected, (2 << 20) + 512);
        Array.Resize(ref expected, 6 << 20);
        QemuTools.AssertClean(path);
        QemuTools.AssertContent(path, expected);
        Assert.Contains("--shrink", Assert.Throws<StorageException>(() => DiskChanges.Resize(path, null, 1 << 20, shrink: false)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(DiskFormat.Raw)]
    [InlineData(DiskFormat.Qcow2)]
    public void Convert_ofAChain_makesOneImage(DiskFormat format)
    {
        using var folder = new ImageFolder();
        string raw = folder.WriteRandom("base.raw", DiskLength, 5);
        string path = folder["disk.qcow2"];
        _ = DiskCreation.Create(new NewDisk(path, null) { Backing = "base.raw", BackingFormat = DiskFormat.Raw });
        byte[] expected = File.ReadAllBytes(raw);
        Write(path, expected, 1 << 20, 4096, 6);

        _ = DiskConversion.Convert(path, null, new NewDisk(folder["new"], null) { Format = format }, null);

        _ = QemuTools.Image("compare", "-f", "qcow2", "-F", DiskFormatNames.NameOf(format), path, folder["new"]);
        if (format == DiskFormat.Qcow2)
            QemuTools.AssertClean(folder["new"]);
    }

    private static void AssertSame(ImageFolder folder, string path)
    {
        _ = QemuTools.Image("convert", "-f", "qcow2", "-O", "raw", path, folder["expected"]);
        byte[] expected = File.ReadAllBytes(folder["expected"]);
        Assert.True(expected.AsSpan().SequenceEqual(ImageFolder.Content(path)));
        Assert.True(DiskInspection.Check(path, repair: false, null).IsClean);

        // And it can be written to.
        Write(path, expected, 66_048, 150_016, 77);
        QemuTools.AssertClean(path);
        QemuTools.AssertContent(path, expected);
    }

    private static void Write(string path, byte[] model, int offset, int length, int seed)
    {
        new Random(seed).NextBytes(model.AsSpan(offset, length));
        using Qcow2Image image = ImageFolder.OpenPlain(path);
        using var scratch = new RequestScratch(0);
        image.Write(scratch, new BufferWindow(new Memory<byte>[] { model.AsMemory(offset, length) }, 0, length), offset);
        image.Close();
    }
}
