using Hearth.Linux;

namespace Hearth.Storage.Tests.Qcow2;

/// <summary>A file in memory that knows what a power cut may leave of it: all that was synced, and of what was written since then any sectors.</summary>
internal sealed class CrashableStore : IImageStore
{
    private const int SectorLength = 512;

    private readonly List<Change> _pending = [];
    private byte[] _content;
    private byte[] _durable;

    public CrashableStore(byte[] content)
    {
        _content = content;
        _durable = (byte[])content.Clone();
    }

    /// <summary>Called before a sync, and after a write.</summary>
    public Action? Moment { get; set; }

    /// <summary>Called before a sync.</summary>
    public Action? Synced { get; set; }

    /// <summary>The next sync fails, and drops what it could not write; those after it find nothing wrong, as with fsync(2).</summary>
    public bool FailsNextSync { get; set; }

    public int PendingCount => _pending.Count;

    /// <summary>What a power cut leaves now.</summary>
    /// <param name="keep">The share of sectors that were written since the last sync and reached the disk.</param>
    public byte[] Cut(Random random, double keep)
    {
        byte[] content = (byte[])_durable.Clone();
        foreach (Change change in _pending)
            content = change.Apply(content, () => random.NextDouble() < keep);
        return content;
    }

    /// <summary>What a power cut leaves when everything has reached the disk but the file's new length, which file systems write last.</summary>
    public byte[] CutLength()
    {
        byte[] content = Cut(new Random(1), 1);
        return content.Length <= _durable.Length ? content : content[.._durable.Length];
    }

    public long MeasureLength() => _content.Length;

    public long? MeasureUsage() => MeasureLength();

    public bool TryLock(bool exclusive) => true;

    public DiskResult Read(ReadOnlySpan<Memory<byte>> to, long offset)
    {
        foreach (Memory<byte> piece in to)
        {
            if (offset > _content.Length - piece.Length)
                return DiskResult.IoError;
            _content.AsSpan((int)offset, piece.Length).CopyTo(piece.Span);
            offset += piece.Length;
        }

        return DiskResult.Ok;
    }

    public bool TryReadCached(ReadOnlySpan<Memory<byte>> to, long offset) => Read(to, offset) == DiskResult.Ok;

    public void Prefetch(long offset, long length)
    {
    }

    public DiskResult Write(ReadOnlySpan<Memory<byte>> from, long offset)
    {
        foreach (Memory<byte> piece in from)
        {
            Do(new Change(offset, piece.ToArray(), null));
            offset += piece.Length;
        }

        Moment?.Invoke();
        return DiskResult.Ok;
    }

    public DiskResult Sync()
    {
        Moment?.Invoke();
        Synced?.Invoke();
        if (FailsNextSync)
        {
            FailsNextSync = false;
            _pending.Clear();
            return DiskResult.IoError;
        }

        _durable = (byte[])_content.Clone();
        _pending.Clear();
        return DiskResult.Ok;
    }

    public DiskResult PunchHole(long offset, long length)
    {
        Do(new Change(offset, new byte[Math.Max(0, Math.Min(length, _content.Length - offset))], null));
        return DiskResult.Ok;
    }

    public DiskResult SetLength(long length)
    {
        Do(new Change(0, [], length));
        return DiskResult.Ok;
    }

    public void Dispose()
    {
    }

    private void Do(Change change)
    {
        _content = change.Apply(_content, () => true);
        _pending.Add(change);
    }

    private sealed record Change(long Offset, byte[] Data, long? Length)
    {
        public byte[] Apply(byte[] content, Func<bool> keeps)
        {
            // A file's length is metadata of the file system, which go to the disk after the data, and may not.
            if (Length is { } length && keeps())
                Array.Resize(ref content, (int)length);
            for (int at = 0; at < Data.Length;)
            {
                int part = (int)Math.Min(Data.Length - at, SectorLength - ((Offset + at) % SectorLength));
                int start = (int)Offset + at;
                if (keeps())
                {
                    if (start + part > content.Length)
                        Array.Resize(ref content, start + part);
                    Data.AsSpan(at, part).CopyTo(content.AsSpan(start));
                }

                at += part;
            }

            return content;
        }
    }
}
