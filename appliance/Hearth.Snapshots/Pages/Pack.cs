using System.Buffers.Binary;
using Hearth.Snapshots.Files;

namespace Hearth.Snapshots.Pages;

/// <summary>A file of chunks, one behind the other. Chunks never move; what nothing needs any more becomes a gap, whose room goes back to the file system.</summary>
/// <remarks>
/// Layout, little-endian: magic <c>"HRTHPACK"</c>, version (32 bits), zeros (32); chunks (<see cref="Chunk"/>) and gaps. A gap: magic (32), zeros (32), its length with this header (64), anything.
/// A gap's header is on stable storage before its room is given back, so that nobody ever takes for a chunk what has a hole.
/// </remarks>
internal sealed class Pack : IDisposable
{
    public const int HeaderLength = 16;

    private const uint Version = 1;
    private const uint GapMagic = 0x50414748; // "HGAP"
    private const int GapLengthOffset = 8;

    private readonly IStoreFile _file;
    private readonly string _name;
    private bool _isDirty;

    private Pack(int number, IStoreFile file, string name, long end)
    {
        Number = number;
        _file = file;
        _name = name;
        End = end;
    }

    public int Number { get; }

    /// <summary>Bytes up to which it is written, gaps included.</summary>
    public long End { get; private set; }

    /// <summary>
    /// What was written could not be brought to stable storage. The host tells of that once (fsync(2)) and has dropped what it could not write: nothing new may rely on any of it.
    /// </summary>
    public bool HasFailed { get; private set; }

    private static ReadOnlySpan<byte> Magic => "HRTHPACK"u8;

    public static Pack Create(int number, IStoreFile file, string name)
    {
        Span<byte> header = stackalloc byte[HeaderLength];
        header.Clear();
        Magic.CopyTo(header);
        BinaryPrimitives.WriteUInt32LittleEndian(header[8..], Version);
        file.Write(header, 0);
        return new Pack(number, file, name, HeaderLength) { _isDirty = true };
    }

    /// <summary>Opens one that an earlier process has written; nothing is added to it any more.</summary>
    /// <returns>Null for what is no pack: a power cut left it before anything needed it.</returns>
    /// <exception cref="SnapshotException">It is of a later version.</exception>
    public static Pack? TryOpen(int number, IStoreFile file, string name)
    {
        Span<byte> header = stackalloc byte[HeaderLength];
        long length = file.Length;
        if (length < HeaderLength)
            return null;
        file.Read(header, 0);
        if (!header.StartsWith(Magic))
            return null;
        uint version = BinaryPrimitives.ReadUInt32LittleEndian(header[8..]);
        return version == Version ? new Pack(number, file, name, length) : throw new SnapshotException($"{name} has format version {version}; version {Version} is known here");
    }

    /// <summary>Writes a chunk.</summary>
    /// <returns>Where it begins.</returns>
    public long Append(ReadOnlySpan<byte> chunk)
    {
        long at = End;
        _isDirty = true;
        _file.Write(chunk, at);
        End = at + chunk.Length;
        return at;
    }

    /// <summary>Brings to stable storage what was written before <see cref="TakeDirty"/> was called.</summary>
    /// <exception cref="SnapshotException">It failed, now and for good.</exception>
    public void Synchronize()
    {
        try
        {
            _file.Synchronize();
        }
        catch (SnapshotException)
        {
            HasFailed = true;
            throw;
        }
    }

    /// <returns>Something was written since the last call.</returns>
    public bool TakeDirty()
    {
        bool wasDirty = _isDirty;
        _isDirty = false;
        return wasDirty;
    }

    /// <summary>Reads a chunk that something refers to.</summary>
    /// <param name="buffer"><see cref="Chunk.MaximumLength"/> bytes.</param>
    /// <returns>The chunk, in the buffer.</returns>
    /// <exception cref="SnapshotException">It is damaged.</exception>
    public ReadOnlySpan<byte> Read(long offset, Span<byte> buffer)
    {
        _file.Read(buffer[..Chunk.HeaderLength], offset);
        if (Chunk.TryMeasure(buffer) is not { } chunk)
            throw Damaged(offset);
        _file.Read(buffer[Chunk.HeaderLength..chunk.Length], offset + Chunk.HeaderLength);
        return Chunk.IsWhole(buffer[..chunk.Length]) ? buffer[..chunk.Length] : throw Damaged(offset);
    }

    /// <summary>Reads the hashes of a chunk that something refers to.</summary>
    /// <param name="hashes">Room for <see cref="Chunk.MaximumPages"/>.</param>
    /// <returns>How many there are.</returns>
    public int ReadHashes(long offset, Span<PageHash> hashes)
    {
        Span<byte> start = stackalloc byte[Chunk.HeaderLength + (Chunk.MaximumPages * PageHash.Length)];
        _file.Read(start[..Chunk.HeaderLength], offset);
        if (Chunk.TryMeasure(start) is not { } chunk)
            throw Damaged(offset);
        _file.Read(start.Slice(Chunk.HeaderLength, chunk.Pages * PageHash.Length), offset + Chunk.HeaderLength);
        for (int i = 0; i < chunk.Pages; i++)
            hashes[i] = Chunk.HashOf(start, i);
        return chunk.Pages;
    }

    public SnapshotException Damaged(long offset) => new($"{_name} is damaged at offset {offset}");

    /// <summary>Makes gaps of what is not needed any more.</summary>
    /// <param name="needed">Where the chunks begin that are needed.</param>
    /// <exception cref="SnapshotException">One of them is not found where it should be: nothing was changed.</exception>
    public void MakeGaps(IReadOnlySet<long> needed)
    {
        List<(long Start, long End)> gaps = FindGaps(needed);
        foreach ((long start, long end) in gaps)
            WriteGap(start, end);
        if (TakeDirty())
            Synchronize();
        foreach ((long start, long end) in gaps)
            _file.PunchHole(start + HeaderLength, end - start - HeaderLength);
    }

    public void Dispose() => _file.Dispose();

    private List<(long Start, long End)> FindGaps(IReadOnlySet<long> needed)
    {
        List<(long Start, long End)> gaps = [];
        int met = 0;
        long lastChunk = HeaderLength;
        for (long at = HeaderLength; at < End;)
        {
            (long length, bool isChunk) = Measure(at);
            bool stays = isChunk && needed.Contains(at);
            met += stays ? 1 : 0;
            lastChunk = isChunk ? at : lastChunk;
            if (!stays && gaps.Count > 0 && gaps[^1].End == at)
                gaps[^1] = (gaps[^1].Start, at + length);
            else if (!stays)
                gaps.Add((at, at + length));
            at += length;
        }

        // A length that is damaged hides what lies behind it, or shows what a guest has written as if it were a chunk.
        if (met != needed.Count)
            throw Damaged(lastChunk);

        // What is left of a torn chunk may be too short to be said of anything.
        return gaps.FindAll(gap => gap.End - gap.Start >= HeaderLength);
    }

    /// <summary>How long the chunk or gap is; what is neither reaches to the end: a power cut tore it.</summary>
    private (long Length, bool IsChunk) Measure(long at)
    {
        Span<byte> header = stackalloc byte[Chunk.HeaderLength];
        if (End - at < header.Length)
            return (End - at, false);
        _file.Read(header, at);
        if (Chunk.TryMeasure(header) is { } chunk && chunk.Length <= End - at)
            return (chunk.Length, true);
        long length = BinaryPrimitives.ReadInt64LittleEndian(header[GapLengthOffset..]);
        bool isGap = BinaryPrimitives.ReadUInt32LittleEndian(header) == GapMagic && length >= header.Length && length <= End - at && length % Chunk.Alignment == 0;
        return (isGap ? length : End - at, false);
    }

    private void WriteGap(long start, long end)
    {
        Span<byte> header = stackalloc byte[Chunk.HeaderLength];
        header.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(header, GapMagic);
        BinaryPrimitives.WriteInt64LittleEndian(header[GapLengthOffset..], end - start);
        Span<byte> there = stackalloc byte[Chunk.HeaderLength];
        _file.Read(there, start);
        if (there.SequenceEqual(header))
            return;
        _isDirty = true;
        _file.Write(header, start);
    }
}
