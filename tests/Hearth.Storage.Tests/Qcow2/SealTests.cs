using Hearth.Machine;
using Hearth.Storage.Qcow2;

namespace Hearth.Storage.Tests.Qcow2;

/// <summary>What lies below the layer that is written to: it is on stable storage when a state, or a guest that has flushed, relies on it.</summary>
public sealed class SealTests : IDisposable
{
    private const int Length = 1 << 20;
    private const int Cluster = 64 << 10;

    private readonly Requests _requests = new();
    private readonly List<CrashableStore> _stores = [];
    private readonly List<int> _synced = [];
    private readonly Qcow2DiskImage _disk;
    private Qcow2Image _top;

    public SealTests()
    {
        _top = NewLayer(below: null);
        _disk = new Qcow2DiskImage(_top, "disk", readOnly: false);
    }

    public void Dispose() => _disk.Dispose();

    [Fact]
    public void SealBelow_layersThatWereNotSealed_sealsAllOfThem_theLowestFirst()
    {
        Write(0, 1);
        Push();
        Write(1, 2);
        Push();
        Write(2, 3);
        _synced.Clear();

        _disk.SealBelow();

        Assert.Equal([0, 1], _synced.Distinct());
        Assert.Equal(_synced.Order(), _synced);
        AssertDurable(layer: 0, cluster: 0, value: 1);
        AssertDurable(layer: 1, cluster: 1, value: 2);
    }

    [Fact]
    public void SealBelow_aLayerFailed_failsAndSoDoLaterOnes()
    {
        Write(0, 1);
        Push();
        _stores[0].FailsNextSync = true;
        Assert.Throws<StorageException>(_disk.SealBelow);
        Write(1, 2);
        Push();

        Assert.Throws<StorageException>(_disk.SealBelow);
        Assert.Throws<StorageException>(_disk.SealBelow);
    }

    [Fact]
    public void Close_afterASyncThatFailed_throws()
    {
        using Qcow2Image image = NewLayer(below: null);
        using var scratch = new RequestScratch(0);
        image.Write(scratch, new BufferWindow(new Memory<byte>[] { new byte[512] }, 0, 512), 0);
        _stores[^1].FailsNextSync = true;
        Assert.Throws<StorageException>(image.Flush);

        StorageException error = Assert.Throws<StorageException>(image.Close);

        Assert.Contains("takes no more", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Flush_afterAPush_hasWhatWasWrittenBefore()
    {
        Write(0, 1);
        Push();

        BlockStatus status = Flush();

        Assert.Equal(BlockStatus.Ok, status);
        AssertDurable(layer: 0, cluster: 0, value: 1);
    }

    [Fact]
    public void Flush_whatWasWrittenBeforeIsLost_fails()
    {
        Write(0, 1);
        Push();
        _stores[0].FailsNextSync = true;
        Assert.Equal(BlockStatus.IoError, Flush());

        Assert.Equal(BlockStatus.IoError, Flush());
    }

    [Fact]
    public void Flush_whatLiesBelowIsSealed_leavesItAlone()
    {
        Write(0, 1);
        Push();
        _disk.SealBelow();
        Write(1, 2);
        _synced.Clear();

        BlockStatus status = Flush();

        Assert.Equal(BlockStatus.Ok, status);
        Assert.Equal([1], _synced.Distinct());
    }

    private void Push()
    {
        _top = NewLayer(new SharedLayer(_top));
        _disk.Push(new DiskLayer(_top));
    }

    private Qcow2Image NewLayer(IImageLayer? below)
    {
        var empty = new CrashableStore([]);
        Qcow2Creator.Create(new ImageFile(empty, "new"), new Qcow2Options(Length) { ClusterBits = 16, BackingName = below is null ? null : "below", BackingFormat = below is null ? null : "qcow2" });
        int number = _stores.Count;
        var store = new CrashableStore(empty.Cut(new Random(1), 1));
        store.Synced = () => _synced.Add(number);
        _stores.Add(store);
        return new Qcow2Image(new ImageFile(store, $"layer {number}"), below, isReadOnly: false, RequestWorkers.ThreadCount);
    }

    private void Write(int cluster, byte value)
    {
        byte[] content = Filled(value);
        Assert.Equal(BlockStatus.Ok, _requests.Run(_disk, BlockOperation.Write, (ulong)(cluster * Cluster), Cluster, content));
    }

    private BlockStatus Flush() => _requests.Run(_disk, BlockOperation.Flush, 0, 0);

    /// <summary>A power cut that leaves what was synced and nothing else leaves this.</summary>
    private void AssertDurable(int layer, int cluster, byte value)
    {
        var left = new CrashableStore(_stores[layer].Cut(new Random(1), keep: 0));
        using var image = new Qcow2Image(new ImageFile(left, "left"), null, isReadOnly: true, 1);
        using var scratch = new RequestScratch(0);
        var content = new byte[Cluster];
        image.Read(scratch, new BufferWindow(new Memory<byte>[] { content }, 0, Cluster), cluster * Cluster);
        Assert.Equal(Filled(value), content);
    }

    private static byte[] Filled(byte value)
    {
        var content = new byte[Cluster];
        Array.Fill(content, value);
        return content;
    }
}
