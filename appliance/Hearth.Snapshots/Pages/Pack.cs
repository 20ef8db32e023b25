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
    private volatile bool _hasFailed;

    /// <summary>Gaps whose room was given back. Processes before this one may have marked some and not come to that.</summary>
    private readonly HashSet<PackGap> _givenBack = [];

    private Pack(int number, IStoreFile file, string name, long end)
    {
        Number = number;
        _file = file;
        _name = name;
        End = end;
        SettledEnd = end;
    }

    public int Number { get; }

    /// <summary>Bytes up to which it is written, gaps included. Whoever writes to it knows it.</summary>
    public long End { get; private set; }

    /// <summary>Bytes up to which it was written when it was taken last.</summary>
    public long SettledEnd { get; private set; }

    /// <summary>Somebody writes to it: he alone.</summary>
    public bool IsTaken { get; private set; }

    /// <summary>
    /// What was written could not be brought to stable storage. The host tells of that once (fsync(2)) and has dropped what it could not write: nothing new may rely on any of it.
    /// </summary>
    public bool HasFailed => _hasFailed;

    private static ReadOnlySpan<byte> Magic => "HRTHPACK"u8;

    public static Pack Create(int number, IStoreFile file, string name)
    {
        Span<byte> header = stackalloc byte[HeaderLength];
        header.Clear();
        Magic.CopyTo(header);
        BinaryPrimitives.WriteUInt32LittleEndian(header[8..], Version);
        file.Write(header, 0);
        return new Pack(number, file, name, HeaderLength) { _isDirty = true, IsTaken = true };
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

    /// <summary>Somebody is going to write to it. Under the lock of the set, like <see cref="Give"/>.</summary>
    public void Take() => IsTaken = true;

    /// <summary>He has done so.</summary>
    public void Give() => (IsTaken, SettledEnd) = (false, End);

    /// <summary>Writes a chunk.</summary>
    /// <returns>Where it begins.</returns>
    public long Append(ReadOnlySpan<byte> chunk)
    {
        long at = End;
        _file.Write(chunk, at);
        End = at + chunk.Length;

        // Behind the write: whoever brings it to stable storage in between does not have it.
        Volatile.Write(ref _isDirty, true);
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
            _hasFailed = true;
            throw;
        }
    }

    /// <returns>Something was written since the last call.</returns>
    public bool TakeDirty() => Interlocked.Exchange(ref _isDirty, false);

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

    /// <summary>Marks as gaps what is not needed any more. Their room can be given back when that is on stable storage.</summary>
    /// <param name="needed">Where the chunks begin that are needed.</param>
    /// <param name="end">Bytes that are looked at: somebody may be writing behind them.</param>
    /// <returns>The gaps whose room is still to be given back.</returns>
    /// <exception cref="SnapshotException">A chunk that is needed is not found where it should be: nothing was changed.</exception>
    public IReadOnlyList<PackGap> MarkGaps(IReadOnlySet<long> needed, long end)
    {
        List<PackGap> gaps = FindGaps(needed, end);
        foreach (PackGap gap in gaps)
            Mark(gap);
        return gaps.FindAll(gap => !_givenBack.Contains(gap));
    }

    /// <summary>Gives back the room of gaps.</summary>
    public void GiveBack(IReadOnlyList<PackGap> gaps)
    {
        foreach (PackGap gap in gaps)
        {
            _file.PunchHole(gap.Start + HeaderLength, gap.End - gap.Start - HeaderLength);
            _ = _givenBack.Add(gap);
        }
    }

    public void Dispose() => _file.Dispose();

    private List<PackGap> FindGaps(IReadOnlySet<long> needed, long end)
    {
        List<PackGap> gaps = [];
        int met = 0;
        long lastChunk = HeaderLength;
        for (long at = HeaderLength; at < end;)
        {
            (long length, bool isChunk) = Measure(at, end);
            bool stays = isChunk && needed.Contains(at);
            met += stays ? 1 : 0;
            lastChunk = isChunk ? at : lastChunk;
            if (!stays && gaps.Count > 0 && gaps[^1].End == at)
                gaps[^1] = gaps[^1] with { End = at + length };
            else if (!stays)
                gaps.Add(new PackGap(at, at + length));
            at += length;
        }

        // A length that is damaged hides what lies behind it, or shows what a guest has written as if it were a chunk.
        if (met != needed.Count)
            throw Damaged(lastChunk);

        // What is left of a torn chunk may be too short to be said of anything.
        return gaps.FindAll(gap => gap.End - gap.Start >= HeaderLength);
    }

    /// <summary>How long the chunk or gap is; what is neither reaches to the end: a power cut tore it.</summary>
    private (long Length, bool IsChunk) Measure(long at, long end)
    {
        Span<byte> header = stackalloc byte[Chunk.HeaderLength];
        if (end - at < header.Length)
            return (end - at, false);
        _file.Read(header, at);
        if (Chunk.TryMeasure(header) is { } chunk && chunk.Length <= end - at)
            return (chunk.Length, true);
        long length = BinaryPrimitives.ReadInt64LittleEndian(header[GapLengthOffset..]);
        bool isGap = BinaryPrimitives.ReadUInt32LittleEndian(header) == GapMagic && length >= header.Length && length <= end - at && length % Chunk.Alignment == 0;
        return (isGap ? length : end - at, false);
    }

    private void Mark(PackGap gap)
    {
        Span<byte> header = stackalloc byte[Chunk.HeaderLength];
        header.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(header, GapMagic);
        BinaryPrimitives.WriteInt64LittleEndian(header[GapLengthOffset..], gap.End - gap.Start);
        Span<byte> there = stackalloc byte[Chunk.HeaderLength];
        _file.Read(there, gap.Start);
        if (!there.SequenceEqual(header))
            _file.Write(header, gap.Start);
    }
}
