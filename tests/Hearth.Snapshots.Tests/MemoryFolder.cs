using Hearth.Snapshots.Files;

namespace Hearth.Snapshots.Tests;

/// <summary>
/// A folder in memory that knows what is on stable storage. <see cref="Cut"/> gives what a power cut may leave: of what was written since, some writes, some torn; of the changes of
/// names since, the first so many.
/// </summary>
internal sealed class MemoryFolder : IStoreFolder
{
    private const int SectorLength = 512;

    private readonly Dictionary<string, MemoryFile?> _entries = new() { [""] = null };
    private readonly List<(string Folder, Action<Dictionary<string, MemoryFile?>> Change)> _pending = [];
    private Dictionary<string, MemoryFile?> _durable = new() { [""] = null };

    /// <summary>Called before everything that changes something.</summary>
    public Action Moment { get; set; } = () => { };

    /// <summary>Every change is refused, as by a disk that is full.</summary>
    public bool IsFull { get; set; }

    /// <summary>The next file that is brought to stable storage is not, and loses what was written since the last time (fsync(2)).</summary>
    public bool FailsNextFlush { get; set; }

    public IEnumerable<string> Files => _entries.Where(entry => entry.Value is not null).Select(entry => entry.Key);

    /// <summary>Bytes of all files, without holes.</summary>
    public long Usage => _entries.Values.Sum(file => file?.Usage ?? 0);

    public MemoryFolder Cut(Random random)
    {
        var names = new Dictionary<string, MemoryFile?>(_durable);
        int kept = random.Next(_pending.Count + 1);
        for (int i = 0; i < kept; i++)
            _pending[i].Change(names);
        var copies = new MemoryFolder();
        copies._entries.Clear();
        foreach ((string path, MemoryFile? file) in names)
            copies._entries.Add(path, file?.Cut(copies, random));
        copies._durable = new Dictionary<string, MemoryFile?>(copies._entries);
        return copies;
    }

    public byte[] ContentOf(string path) => _entries[path]!.Content;

    public string NameOf(string path) => "memory/" + path;

    public IReadOnlyList<string> List(string folder) =>
        [.. _entries.Keys.Where(path => path.Length > 0 && (Path.GetDirectoryName(path) ?? "") == folder).Select(path => Path.GetFileName(path))];

    public void CreateFolder(string path)
    {
        if (!_entries.ContainsKey(path))
            Change(Path.GetDirectoryName(path)!, entries => entries[path] = null);
    }

    public IStoreFile Create(string path)
    {
        Assert.False(_entries.ContainsKey(path));
        var file = new MemoryFile(this);
        Change(Path.GetDirectoryName(path)!, entries => entries[path] = file);
        return file;
    }

    public IStoreFile Open(string path) => _entries.GetValueOrDefault(path) ?? throw new SnapshotException($"{NameOf(path)}: there is no such file");

    public void Rename(string from, string to) => Change(Path.GetDirectoryName(to)!, entries =>
    {
        foreach (string path in entries.Keys.Where(path => path == from || path.StartsWith(from + "/", StringComparison.Ordinal)).ToArray())
        {
            entries[to + path[from.Length..]] = entries[path];
            entries.Remove(path);
        }
    });

    public void Delete(string path) => Change(Path.GetDirectoryName(path)!, entries =>
    {
        foreach (string each in entries.Keys.Where(each => each == path || each.StartsWith(path + "/", StringComparison.Ordinal)).ToArray())
            entries.Remove(each);
    });

    public void Synchronize(string folder)
    {
        Before();

        // A journal keeps the order of changes: all up to the last one in this folder are there.
        int last = _pending.FindLastIndex(change => change.Folder == folder);
        for (int i = 0; i <= last; i++)
            _pending[i].Change(_durable);
        _pending.RemoveRange(0, last + 1);
    }

    public void Dispose()
    {
    }

    private void Before()
    {
        Moment();
        if (IsFull)
            throw new SnapshotException("memory: no space is left");
    }

    private void Change(string folder, Action<Dictionary<string, MemoryFile?>> change)
    {
        Before();
        change(_entries);
        _pending.Add((folder, change));
    }

    private sealed class MemoryFile(MemoryFolder folder) : IStoreFile
    {
        private readonly HashSet<long> _holes = [];
        private readonly List<(long Offset, byte[] Bytes)> _writes = [];
        private byte[] _durable = [];

        public byte[] Content { get; private set; } = [];

        public long Length => Content.Length;

        public long Usage => Content.Length - (_holes.Count * (long)SectorLength);

        public MemoryFile Cut(MemoryFolder copies, Random random)
        {
            byte[] content = (byte[])_durable.Clone();
            double chance = random.NextDouble();
            foreach ((long offset, byte[] bytes) in _writes)
            {
                for (int at = 0; at < bytes.Length; at += SectorLength)
                {
                    if (random.NextDouble() < chance)
                        Put(ref content, bytes.AsSpan(at, Math.Min(SectorLength, bytes.Length - at)), offset + at);
                }
            }

            return new MemoryFile(copies) { Content = content, _durable = (byte[])content.Clone() };
        }

        public void Read(Span<byte> to, long offset)
        {
            if (offset + to.Length > Content.Length)
                throw new SnapshotException("memory: a file is cut short");
            Content.AsSpan((int)offset, to.Length).CopyTo(to);
        }

        public void Write(ReadOnlySpan<byte> bytes, long offset)
        {
            folder.Before();
            _writes.Add((offset, bytes.ToArray()));
            byte[] content = Content;
            Put(ref content, bytes, offset);
            Content = content;
        }

        public void Synchronize()
        {
            folder.Before();
            if (folder.FailsNextFlush)
            {
                folder.FailsNextFlush = false;
                _writes.Clear();
                throw new SnapshotException("memory: a disk has failed");
            }

            // What a flush that failed has lost stays lost.
            foreach ((long offset, byte[] bytes) in _writes)
                Put(ref _durable, bytes, offset);
            _writes.Clear();
        }

        public void PunchHole(long offset, long length)
        {
            folder.Before();
            for (long sector = (offset + SectorLength - 1) / SectorLength; (sector + 1) * SectorLength <= offset + length; sector++)
            {
                _ = _holes.Add(sector);
                Content.AsSpan((int)(sector * SectorLength), SectorLength).Clear();
                if ((sector + 1) * SectorLength <= _durable.Length)
                    _durable.AsSpan((int)(sector * SectorLength), SectorLength).Clear();
            }
        }

        public void Dispose()
        {
        }

        private static void Put(ref byte[] content, ReadOnlySpan<byte> bytes, long offset)
        {
            if (content.Length < offset + bytes.Length)
                Array.Resize(ref content, (int)offset + bytes.Length);
            bytes.CopyTo(content.AsSpan((int)offset));
        }
    }
}
