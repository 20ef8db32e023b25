using System.Buffers;
using System.IO.Compression;
using Hearth.Storage.Qcow2;
using ZstdSharp;

namespace Hearth.Storage;

/// <summary>What a thread that works on requests keeps from one to the next: lists of pieces and buffers, made when they are first needed.</summary>
/// <param name="Worker">Which of the image's threads it is.</param>
internal sealed class RequestScratch(int worker) : IDisposable
{
    private const int InitialPieces = 260;

    private readonly Memory<byte>[] _fillPiece = new Memory<byte>[1];
    private Memory<byte>[] _pieces = new Memory<byte>[InitialPieces];
    private byte[] _fill = [];
    private byte[] _packed = [];
    private byte[] _cluster = [];
    private Decompressor? _zstd;
    private (object? Image, ulong Entry) _unpacked;

    public int Worker => worker;

    /// <summary>The pieces of a window in a row, between two others that may be empty. Valid until the next call.</summary>
    public ReadOnlySpan<Memory<byte>> Gather(in BufferWindow window, Memory<byte> before = default, Memory<byte> behind = default)
    {
        int count = 0;
        Add(before, ref count);
        var walk = new BufferWindow.Walk(window);
        while (walk.TryNext(out Memory<byte> piece))
            Add(piece, ref count);
        Add(behind, ref count);
        return _pieces.AsSpan(0, count);
    }

    /// <summary>Room for what a write leaves of its first and last cluster.</summary>
    public Memory<byte> Fill(long length)
    {
        if (_fill.Length < length)
            _fill = new byte[length];
        return _fill.AsMemory(0, (int)length);
    }

    /// <summary>A window over one piece. Valid until the next call.</summary>
    public BufferWindow WindowOf(Memory<byte> piece)
    {
        _fillPiece[0] = piece;
        return new BufferWindow(_fillPiece, 0, piece.Length);
    }

    /// <summary>Room for a cluster as it is in the file.</summary>
    public Memory<byte> Packed(int length)
    {
        if (_packed.Length < length)
            _packed = new byte[length];
        return _packed.AsMemory(0, length);
    }

    /// <summary>The cluster that was unpacked last, if it is this one: compressed clusters are read in pieces, one after the other.</summary>
    /// <param name="entry">Its L2 entry; a compressed cluster does not change while there is one.</param>
    public bool TryGetUnpacked(object image, ulong entry, out ReadOnlySpan<byte> cluster)
    {
        cluster = _cluster;
        return ReferenceEquals(_unpacked.Image, image) && _unpacked.Entry == entry;
    }

    /// <summary>Unpacks a compressed cluster.</summary>
    /// <returns>False when the data are damaged.</returns>
    public bool TryUnpack(object image, ulong entry, Qcow2Compression compression, ReadOnlyMemory<byte> packed, int clusterLength)
    {
        if (_cluster.Length != clusterLength)
            _cluster = new byte[clusterLength];
        _unpacked = default;
        bool isWhole = compression == Qcow2Compression.Zstd ? TryUnpackZstd(packed.Span) : TryInflate(packed);
        if (isWhole)
            _unpacked = (image, entry);
        return isWhole;
    }

    public void Dispose() => _zstd?.Dispose();

    private void Add(Memory<byte> piece, ref int count)
    {
        if (piece.IsEmpty)
            return;
        if (count == _pieces.Length)
            Array.Resize(ref _pieces, 2 * count);
        _pieces[count++] = piece;
    }

    private bool TryUnpackZstd(ReadOnlySpan<byte> packed)
    {
        _zstd ??= new Decompressor();
        _zstd.ResetStream();
        OperationStatus status = _zstd.UnwrapStream(packed, _cluster, out _, out int written);
        return status != OperationStatus.InvalidData && written == _cluster.Length;
    }

    private bool TryInflate(ReadOnlyMemory<byte> packed)
    {
        try
        {
            using var source = new MemoryStream(packed.ToArray());
            using var inflate = new DeflateStream(source, CompressionMode.Decompress);
            return inflate.ReadAtLeast(_cluster, _cluster.Length, throwOnEndOfStream: false) == _cluster.Length;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }
}
