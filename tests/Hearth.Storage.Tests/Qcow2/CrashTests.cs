using System.Buffers.Binary;
using Hearth.Storage.Qcow2;

namespace Hearth.Storage.Tests.Qcow2;

/// <summary>The power may go at any write: what was flushed is there afterwards, and the tables are whole.</summary>
public class CrashTests
{
    private const int SectorLength = 512;
    private const int DiskLength = 1 << 20;
    private const int Sectors = DiskLength / SectorLength;
    private const int Operations = 150;

    [Theory]
    [InlineData(9, 4, false, false, 3)]
    [InlineData(9, 6, false, true, 3)]
    [InlineData(9, 0, false, false, 3)]
    [InlineData(12, 4, false, true, 3)]
    [InlineData(12, 4, false, true, 2)]
    [InlineData(12, 1, true, true, 3)]
    [InlineData(16, 4, true, false, 3)]
    [InlineData(16, 4, false, true, 3)]
    public void Image_cutAtAnyWrite_isWholeAndKeepsWhatWasFlushed(int clusterBits, int refcountOrder, bool isLazy, bool isBacked, int version)
    {
        var random = new Random(clusterBits + (refcountOrder << 8) + (isLazy ? 1 << 16 : 0));
        byte[] backing = isBacked ? NewBacking() : [];
        var store = new CrashableStore(NewImage(clusterBits, refcountOrder, isLazy, isBacked, version));
        var model = new SectorModel(isBacked ? [.. Enumerable.Range(1, Sectors).Select(sector => (long)-sector)] : new long[Sectors]);
        using Qcow2Image image = Open(store, isBacked ? backing : null);
        using var scratch = new RequestScratch(0);
        int cuts = 0;
        store.Moment = () =>
        {
            if (store.PendingCount == 0 || random.Next(5) != 0)
                return;
            cuts++;
            byte[] left = store.Cut(random, random.NextDouble());
            Verify(left, isBacked ? backing : null, model);
            CutAgain(left, isBacked ? backing : null, random);
        };

        for (int i = 0; i < Operations; i++)
            DoOne(image, scratch, model, random);
        image.Close();

        Assert.True(cuts > 20, $"only {cuts} cuts");
        CheckReport report = Check(store.Cut(random, 1));
        Assert.True(report.IsClean, string.Join('\n', report.Findings));
    }

    [Theory]
    [InlineData(9)]
    [InlineData(16)]
    public void Image_thatGrows_isNeverOneThatWasCutShort(int clusterBits)
    {
        var random = new Random(clusterBits);
        var store = new CrashableStore(NewImage(clusterBits, 4, isLazy: false, isBacked: false, version: 3));
        var model = new SectorModel(new long[Sectors]);
        using Qcow2Image image = Open(store, null);
        using var scratch = new RequestScratch(0);
        int lost = 0;
        store.Moment = () =>
        {
            byte[] left = store.CutLength();
            lost += left.Length < store.MeasureLength() ? 1 : 0;
            Verify(left, null, model);
        };

        for (int i = 0; i < 40; i++)
            DoOne(image, scratch, model, random);
        image.Close();

        Assert.NotEqual(0, lost);
    }

    [Theory]
    [InlineData(9, 3)]
    [InlineData(12, 3)]
    [InlineData(12, 2)]
    [InlineData(16, 3)]
    public void Disk_thatGrowsOverItsBackingFile_showsNothingOfIt(int clusterBits, int version)
    {
        const int Old = (DiskLength / 2) + SectorLength;
        byte[] backing = NewBacking();
        var random = new Random(clusterBits);
        var store = new CrashableStore(NewImage(clusterBits, 4, isLazy: false, isBacked: true, version, Old));
        byte[] expected = [.. backing[..Old], .. new byte[DiskLength - Old]];
        int grown = 0;
        int cuts = 0;
        store.Moment = () =>
        {
            cuts++;
            using Qcow2Image cut = Open(new CrashableStore(store.Cut(random, random.NextDouble())), backing);
            grown += cut.Length == DiskLength ? 1 : 0;
            Assert.True(cut.Length is Old or DiskLength, $"{cut.Length} bytes");
            Assert.Equal(expected[..(int)cut.Length], ReadAll(cut));
        };

        DiskChanges.Resize(() => new Qcow2Editor(new ImageFile(store, "image")), length => Open(store, backing, length), Old, DiskLength);

        Assert.InRange(grown, 1, cuts - 1);
        using Qcow2Image image = Open(store, backing);
        Assert.Equal(expected, ReadAll(image));
        CheckReport report = Check(store.Cut(random, 1));
        Assert.True(report.IsClean, string.Join('\n', report.Findings));
    }

    [Fact]
    public void Flush_afterOneThatFailed_neverSucceeds()
    {
        var store = new CrashableStore(NewImage(16, 4, isLazy: false, isBacked: false, version: 3));
        using Qcow2Image image = Open(store, null);
        using var scratch = new RequestScratch(0);
        image.Write(scratch, new BufferWindow(new Memory<byte>[] { Fill(4, 7) }, 0, 4 * SectorLength), 0);
        store.FailsNextSync = true;

        Assert.Throws<StorageException>(image.Flush);
        int written = store.PendingCount;

        Assert.Throws<StorageException>(image.Flush);
        Assert.Equal(written, store.PendingCount);
    }

    private static void DoOne(Qcow2Image image, RequestScratch scratch, SectorModel model, Random random)
    {
        int first = random.Next(Sectors);
        int count = Math.Min(Sectors - first, random.Next(4) == 0 ? random.Next(1, 400) : random.Next(1, 20));
        switch (random.Next(10))
        {
            case 0 or 1:
                image.Flush();
                model.Flush();
                break;
            case 2:
                model.Discard(first, count);
                image.Discard(scratch, (long)first * SectorLength, (long)count * SectorLength);
                break;
            case 3:
                model.Write(first, count, 0);
                image.WriteZeros(scratch, (long)first * SectorLength, (long)count * SectorLength);
                break;
            default:
                long value = model.NextValue();
                model.Write(first, count, value);
                image.Write(scratch, new BufferWindow(new Memory<byte>[] { Fill(count, value) }, 0, count * SectorLength), (long)first * SectorLength);
                break;
        }
    }

    private static void Verify(byte[] content, byte[]? backing, SectorModel model)
    {
        var store = new CrashableStore(content);
        bool isDirty = Qcow2Header.Read(new ImageFile(store, "cut")).IsDirty;
        CheckReport report = Check(content);
        Assert.True(report.Errors == 0 || isDirty, string.Join('\n', report.Findings));
        using Qcow2Image image = Open(store, backing);
        byte[] disk = ReadAll(image);
        for (int sector = 0; sector < Sectors; sector++)
            model.AssertAllowed(sector, disk.AsSpan(sector * SectorLength, SectorLength));
        Assert.Equal(0, Check(store.Cut(new Random(1), 1)).Errors);
    }

    /// <summary>Goes on with what a power cut has left, until the next one: the disk can be opened after that too.</summary>
    private static void CutAgain(byte[] content, byte[]? backing, Random random)
    {
        var store = new CrashableStore(content);
        var left = new List<byte[]>();
        using (Qcow2Image image = Open(store, backing))
        {
            using var scratch = new RequestScratch(0);
            store.Moment = () => left.Add(store.Cut(random, random.NextDouble()));
            for (int i = 0; i < 4; i++)
                image.Write(scratch, new BufferWindow(new Memory<byte>[] { Fill(16, i + 1) }, 0, 16 * SectorLength), random.Next(Sectors - 16) * (long)SectorLength);
        }

        foreach (byte[] each in left.Take(3).Concat(left.TakeLast(3)))
            Open(new CrashableStore(each), backing).Dispose();
    }

    private static byte[] ReadAll(Qcow2Image image)
    {
        using var scratch = new RequestScratch(0);
        var disk = new byte[image.Length];
        image.Read(scratch, new BufferWindow(new Memory<byte>[] { disk }, 0, disk.Length), 0);
        return disk;
    }

    private static CheckReport Check(byte[] content)
    {
        var file = new ImageFile(new CrashableStore(content), "cut");
        return new Qcow2Checker(file, Qcow2Header.Read(file)).Check();
    }

    private static Qcow2Image Open(CrashableStore store, byte[]? backing, ulong? length = null) =>
        new(new ImageFile(store, "image"), backing is null ? null : new RawLayer(new ImageFile(new CrashableStore(backing), "backing")), isReadOnly: false, 1, length);

    private static byte[] NewImage(int clusterBits, int refcountOrder, bool isLazy, bool isBacked, int version, int length = DiskLength)
    {
        var store = new CrashableStore([]);
        Qcow2Creator.Create(
            new ImageFile(store, "new"),
            new Qcow2Options((ulong)length)
            {
                Version = (uint)version,
                ClusterBits = clusterBits,
                RefcountOrder = refcountOrder,
                LazyRefcounts = isLazy,
                BackingName = isBacked ? "backing" : null,
                BackingFormat = isBacked ? "raw" : null,
            });
        return store.Cut(new Random(1), 1);
    }

    private static byte[] NewBacking() => [.. Enumerable.Range(1, Sectors).SelectMany(sector => Fill(1, -sector))];

    private static byte[] Fill(int sectors, long value)
    {
        var data = new byte[sectors * SectorLength];
        for (int at = 0; at < data.Length; at += sizeof(long))
            BinaryPrimitives.WriteInt64LittleEndian(data.AsSpan(at), value);
        return data;
    }
}
