using System.Buffers.Binary;

namespace Hearth.Storage.Tests.Qcow2;

/// <summary>Damaged and forged images give one sentence with the file and the offset, and nothing is written.</summary>
public sealed class DamageTests : IDisposable
{
    private readonly ImageFolder _folder = new();
    private readonly string _path;

    public DamageTests()
    {
        _path = _folder["disk.qcow2"];
        _ = QemuTools.Image("create", "-f", "qcow2", _path, "4M");
        _ = QemuTools.Io(_path, "write -P 5 0 1M");
    }

    public static TheoryData<long, int, ulong, string> Damages => new()
    {
        { 0, 4, 0x12345678, "is no qcow2 image: the magic number at offset 0 is missing" },
        { 4, 4, 9, "at offset 4: version 9 of the format is not known" },
        { 20, 4, 8, "at offset 20: clusters of 2^8 bytes are not between 512 bytes and 2 MiB" },
        { 20, 4, 40, "at offset 20: clusters of 2^40 bytes" },
        { 24, 8, 0, "is empty" },
        { 24, 8, 1000, "has 1000 bytes, which is not a multiple of 512" },
        { 24, 8, 1UL << 62, "at offset 24: a disk of 4611686018427387904 bytes is too large" },
        { 32, 4, 1, "is encrypted, which is not supported (offset 32)" },
        { 36, 4, 0, "at offset 36: an L1 table of 0 entries is too small" },
        { 36, 4, 0xFFFFFFFF, "at offset 36: an L1 table of 4294967295 entries is too large" },
        { 40, 8, 123, "at offset 40: the L1 table's offset 123 is none of a cluster" },
        { 40, 8, 1UL << 40, "at offset 40: the L1 table's offset 1099511627776 lies beyond the file's" },
        { 48, 8, 0, "at offset 48: the refcount table's offset 0 is none of a cluster" },
        { 56, 4, 0, "at offset 56: a refcount table of 0 clusters cannot be" },
        { 56, 4, 100000, "at offset 56: a refcount table of 100000 clusters cannot be" },
        { 60, 4, 1000000, "at offset 60: 1000000 snapshots are too many" },
        { 72, 8, 4, "keeps its data in another file" },
        { 72, 8, 16, "needs extended L2 entries (incompatible feature bit 4, offset 72)" },
        { 72, 8, 1UL << 40, "(incompatible feature bit 40, offset 72), which is not supported" },
        { 72, 8, 2, "is marked as corrupt (offset 72)" },
        { 96, 4, 7, "at offset 96: refcounts of 2^7 bits cannot be" },
        { 100, 4, 5, "at offset 100: a header of 5 bytes cannot be" },
        { 116, 4, 0x7FFFFFFF, "a header extension of 2147483647 bytes does not fit" },
        { 0x10000, 8, 0x123, "at offset 65536: the refcount table's entry 0x123 cannot be" },
        { 0x30000, 8, 0x8000000000000100, "at offset 196608: the L1 entry 0x8000000000000100 cannot be" },
        { 0x30000, 8, 0x8000000100000000, "is cut short: its L2 table at offset 4294967296 lies beyond the file's" },
    };

    [Theory]
    [MemberData(nameof(Damages))]
    public void Image_damaged_givesOneSentence(long offset, int length, ulong value, string expected)
    {
        Patch(offset, length, value);
        byte[] before = File.ReadAllBytes(_path);

        StorageException thrown = Assert.Throws<StorageException>(() => new Qcow2DiskImage(DiskChain.Open(_path, DiskFormat.Qcow2, isReadOnly: false), readOnly: false));

        Assert.StartsWith($"The disk '{_path}' ", thrown.Message, StringComparison.Ordinal);
        Assert.Contains(expected, thrown.Message, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(_path));
    }

    [Fact]
    public void UnknownFeature_isRefusedByTheNameInTheImage()
    {
        // The feature name table of QEMU begins at 112, its first entry at 120.
        Patch(121, 1, 50);
        Patch(72, 8, 1UL << 50);

        StorageException thrown = Assert.Throws<StorageException>(() => ImageFolder.Open(_path));

        Assert.Contains("needs 'dirty bit' (incompatible feature bit 50", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Image_cutShort_isRefused()
    {
        using (FileStream file = File.OpenWrite(_path))
            file.SetLength(0x80000);

        StorageException thrown = Assert.Throws<StorageException>(() => ImageFolder.Open(_path));

        Assert.Contains("is cut short: its cluster at offset ", thrown.Message, StringComparison.Ordinal);
    }

    /// <summary>Header, refcount table and block, L1 and L2 table have clusters 0 to 4; the data begin with cluster 5.</summary>
    [Theory]
    [InlineData(0x40000, 8, 0x8000000000030000, "the cluster of data and a table share the cluster at offset 196608")]
    [InlineData(0x40008, 8, 0x8000000000050000, "the cluster at offset 327680 has 2 references and is counted 1 times")]
    [InlineData(0x40000, 8, 0x8000000000000100, "the L2 entry 0x8000000000000100 at offset 262144 is wrong: it is no cluster's")]
    [InlineData(0x40000, 8, 0x8000000010000000, "beyond the file's")]
    [InlineData(0x20006, 2, 0, "the cluster at offset 196608 has 1 references and is counted 0 times")]
    [InlineData(0x2000A, 2, 0, "the cluster at offset 327680 has 1 references and is counted 0 times")]
    public void Table_thatLies_isFoundBeforeAnythingIsWritten(long offset, int length, ulong value, string expected)
    {
        Patch(offset, length, value);
        byte[] before = File.ReadAllBytes(_path);

        StorageException opened = Assert.Throws<StorageException>(() => ImageFolder.Open(_path));
        StorageException edited = Assert.Throws<StorageException>(() => DiskChanges.CreateSnapshot(_path, "one", DateTimeOffset.UnixEpoch));

        Assert.StartsWith($"The disk '{_path}' is damaged: ", opened.Message, StringComparison.Ordinal);
        Assert.Contains(expected, opened.Message, StringComparison.Ordinal);
        Assert.Equal(opened.Message, edited.Message);
        Assert.Equal(before, File.ReadAllBytes(_path));
    }

    [Fact]
    public void Flag_thatSaysASharedClusterIsTheDisksAlone_isFoundBeforeTheSnapshotIsWrittenTo()
    {
        DiskChanges.CreateSnapshot(_path, "one", DateTimeOffset.UnixEpoch);
        Patch(0x40000, 1, 0x80);
        byte[] before = File.ReadAllBytes(_path);

        StorageException thrown = Assert.Throws<StorageException>(() => ImageFolder.Open(_path));

        Assert.Contains("at offset 262144 says wrongly whether its cluster has one reference", thrown.Message, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(_path));
    }

    [Theory]
    [InlineData(0x2000A)]
    [InlineData(0x20006)]
    public void Count_thatIsTooLow_canBeRepaired(long offset)
    {
        Patch(offset, 2, 0);

        CheckReport found = DiskInspection.Check(_path, repair: false, null);
        CheckReport repaired = DiskInspection.Check(_path, repair: true, null);

        Assert.True(found.Errors > 0);
        Assert.Equal((0L, 0L), (repaired.Errors, repaired.Leaks));
        QemuTools.AssertClean(_path);
        ImageFolder.Open(_path).Dispose();
    }

    /// <summary>The new block lies behind the old end of the file, where the counts of a block that is there go on.</summary>
    [Fact]
    public void Block_ofCountsThatCannotBe_isMadeAnew()
    {
        File.Delete(_path);
        _ = QemuTools.Image("create", "-f", "qcow2", "-o", "cluster_size=512", _path, "512K");
        _ = QemuTools.Io(_path, "write -P 5 0 400K");
        byte[] content = ImageFolder.Content(_path);
        Patch(BinaryPrimitives.ReadInt64BigEndian(File.ReadAllBytes(_path).AsSpan(48)), sizeof(ulong), 1);

        CheckReport repaired = DiskInspection.Check(_path, repair: true, null);

        Assert.Equal((0L, 0L), (repaired.Errors, repaired.Leaks));
        QemuTools.AssertClean(_path);
        Assert.Equal(content, ImageFolder.Content(_path));
    }

    [Fact]
    public void Leaks_ofAPowerCut_areGivenBackWhenTheDiskIsOpened()
    {
        Patch(0x40000, 8, 0);
        Patch(0x2000C, 2, 2);

        ImageFolder.Open(_path).Dispose();

        QemuTools.AssertClean(_path);
    }

    [Fact]
    public void Check_findsLeaksAndRepairsThem()
    {
        Patch(0x20000 + 60, 2, 1);

        CheckReport found = DiskInspection.Check(_path, repair: false, null);
        CheckReport repaired = DiskInspection.Check(_path, repair: true, null);

        Assert.Equal((0L, 1L), (found.Errors, found.Leaks));
        Assert.Equal(1, repaired.LeaksFixed);
        QemuTools.AssertClean(_path);
    }

    [Fact]
    public void Backing_missing_isNamed()
    {
        string top = _folder["top.qcow2"];
        _ = QemuTools.Image("create", "-f", "qcow2", "-b", _path, "-F", "qcow2", top);
        File.Delete(_path);

        Assert.Equal($"The disk '{top}' needs the backing file '{_path}', which is missing.", Assert.Throws<StorageException>(() => ImageFolder.Open(top)).Message);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Backing_inALoop_isNamed(bool readOnly)
    {
        string top = _folder["top.qcow2"];
        _ = QemuTools.Image("create", "-f", "qcow2", "-b", "disk.qcow2", "-F", "qcow2", top);
        _ = QemuTools.Image("rebase", "-u", "-b", "top.qcow2", "-F", "qcow2", _path);

        StorageException thrown = Assert.Throws<StorageException>(() => ImageFolder.Open(top, readOnly));

        Assert.Contains("has a loop in its chain of backing files", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Backing_whoseFormatNobodySays_opensNoFurtherFiles()
    {
        string secret = _folder.WriteRandom("secret", 1 << 20, 3);
        string forged = _folder["forged"];
        _ = QemuTools.Image("create", "-f", "qcow2", "-b", secret, "-F", "raw", forged);
        string top = _folder["top.qcow2"];
        _ = QemuTools.Image("create", "-f", "qcow2", "-b", forged, "-F", "qcow2", top);
        RemoveBackingFormat(top);

        StorageException thrown = Assert.Throws<StorageException>(() => ImageFolder.Open(top, readOnly: true));

        Assert.Contains("does not say what format its backing file", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Image_openForWriting_isLockedForEverybody()
    {
        using Qcow2DiskImage image = ImageFolder.Open(_path);

        Assert.Contains("is in use by another guest", Assert.Throws<StorageException>(() => ImageFolder.Open(_path, readOnly: true)).Message, StringComparison.Ordinal);
        Assert.Contains("is in use by another guest", Assert.Throws<StorageException>(() => DiskInspection.Check(_path, repair: true, null)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Image_openForWriting_isDescribedAsInUse()
    {
        DiskInfo before = DiskInspection.Describe(_path, null);

        using Qcow2DiskImage image = ImageFolder.Open(_path);
        DiskInfo during = DiskInspection.Describe(_path, null);

        Assert.Equal((false, true), (before.InUse, during.InUse));
        Assert.Equal((before.VirtualSize, before.ClusterSize, before.Version), (during.VirtualSize, during.ClusterSize, during.Version));
    }

    [Fact]
    public void Description_ofAFileWithHoles_saysWhatItTakes()
    {
        string raw = _folder["holes.img"];
        using (FileStream file = File.Create(raw))
        {
            file.SetLength(64 << 20);
            file.Write(new byte[4096]);
        }

        DiskInfo info = DiskInspection.Describe(raw, DiskFormat.Raw);

        Assert.Equal(64 << 20, info.FileLength);
        Assert.InRange(info.HostUsage!.Value, 4096, 1 << 20);
    }

    [Fact]
    public void Raw_thatWasOnlyRecognised_takesNoHeaderOfAnotherFormat()
    {
        string raw = _folder["raw.img"];
        File.WriteAllBytes(raw, new byte[1 << 20]);
        byte[] header = File.ReadAllBytes(_path)[..512];
        var requests = new Requests();

        using (var image = (RawDiskImage)DiskBackend.Open(DiskChain.Open(raw, null, isReadOnly: false), isReadOnly: false, isRecognised: true))
        {
            Assert.Equal(Machine.BlockStatus.IoError, requests.Run(image, Machine.BlockOperation.Write, 0, 512, header));
            Assert.Equal(Machine.BlockStatus.Ok, requests.Run(image, Machine.BlockOperation.Write, 512, 512, header));
            Assert.Equal(Machine.BlockStatus.Ok, requests.Run(image, Machine.BlockOperation.Write, 0, 1024, new byte[100], Enumerable.Repeat((byte)9, 924).ToArray()));
        }

        byte[] content = File.ReadAllBytes(raw);
        Assert.Equal((0, 9, 9), (content[0], content[100], content[1023]));
        using var said = (RawDiskImage)DiskBackend.Open(DiskChain.Open(raw, DiskFormat.Raw, isReadOnly: false), isReadOnly: false, isRecognised: false);
        Assert.Equal(Machine.BlockStatus.Ok, requests.Run(said, Machine.BlockOperation.Write, 0, 512, header));
    }

    /// <summary>A guest could otherwise have its disk refused at the next start, or have a conversion open a file of the host that it names.</summary>
    [Theory]
    [InlineData("KDMV", 0)]
    [InlineData("COWD", 0)]
    [InlineData("# Disk DescriptorFile", 0)]
    [InlineData("vhdxfile", 0)]
    [InlineData("conectix", 0)]
    [InlineData("QED\0", 0)]
    [InlineData("\u007F\u0010\u00DA\u00BE", 64)]
    public void Raw_thatWasOnlyRecognised_takesNoMarkOfAnotherProgram(string mark, int offset)
    {
        string raw = _folder["raw.img"];
        File.WriteAllBytes(raw, new byte[1 << 20]);
        var sector = new byte[512];
        System.Text.Encoding.Latin1.GetBytes(mark).CopyTo(sector, offset);
        var requests = new Requests();

        using (var image = (RawDiskImage)DiskBackend.Open(DiskChain.Open(raw, null, isReadOnly: false), isReadOnly: false, isRecognised: true))
        {
            Assert.Equal(Machine.BlockStatus.IoError, requests.Run(image, Machine.BlockOperation.Write, 0, 512, sector));
            Assert.Equal(Machine.BlockStatus.Ok, requests.Run(image, Machine.BlockOperation.Write, 512, 512, sector));
        }

        Assert.Null(ForeignFormat.Recognise(raw));
        using var said = (RawDiskImage)DiskBackend.Open(DiskChain.Open(raw, DiskFormat.Raw, isReadOnly: false), isReadOnly: false, isRecognised: false);
        Assert.Equal(Machine.BlockStatus.Ok, requests.Run(said, Machine.BlockOperation.Write, 0, 512, sector));
    }

    public void Dispose() => _folder.Dispose();

    private void Patch(long offset, int length, ulong value)
    {
        var bytes = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
        using FileStream file = File.OpenWrite(_path);
        file.Position = offset;
        file.Write(bytes.AsSpan(sizeof(ulong) - length));
    }

    /// <summary>Makes the extension that names the backing file's format one that nobody knows.</summary>
    private static void RemoveBackingFormat(string path)
    {
        byte[] image = File.ReadAllBytes(path);
        int at = image.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xE2, 0x79, 0x2A, 0xCA]);
        image[at] = 1;
        File.WriteAllBytes(path, image);
    }
}
