using Hearth.Snapshots.States;

namespace Hearth.Snapshots.Tests;

/// <summary>Memory of a guest that changes, and the states it was kept in.</summary>
internal sealed class GuestMemory(string guest, int pages, Random random)
{
    public const int PageLength = 4096;

    private readonly byte[] _memory = new byte[pages * PageLength];
    private readonly HashSet<int> _changed = [];

    public int Pages => pages;

    public SavedState? Last { get; set; }

    public byte[] Copy() => (byte[])_memory.Clone();

    /// <summary>Fills pages with something of their own, with what other pages have, and with zeros.</summary>
    public void Change(int count)
    {
        for (int i = 0; i < count; i++)
        {
            int page = random.Next(pages);
            _ = _changed.Add(page);
            Span<byte> content = _memory.AsSpan(page * PageLength, PageLength);
            switch (random.Next(4))
            {
                case 0:
                    content.Clear();
                    break;
                case 1:
                    content.Fill((byte)random.Next(1, 6));
                    break;
                default:
                    random.NextBytes(content[..random.Next(64, PageLength)]);
                    break;
            }
        }
    }

    /// <summary>Keeps what has changed since the last time, or all of it.</summary>
    public SavedState Save(SnapshotStore store, bool whole = false)
    {
        bool isWhole = whole || Last is null;
        using SavedStateWriter writer = store.Begin(guest, pages, isWhole ? null : Last);
        foreach (int page in isWhole ? Enumerable.Range(0, pages) : _changed)
            writer.Write(page, _memory.AsSpan(page * PageLength, PageLength));
        writer.Add("machine", [1, 2, 3]);
        Last = writer.Commit(DateTimeOffset.UnixEpoch);
        _changed.Clear();
        return Last;
    }

    /// <summary>All of a state's memory, page by page.</summary>
    public static byte[] Restore(SnapshotStore store, SavedState state)
    {
        using SavedStateReader reader = store.Read(state);
        var memory = new byte[state.Pages * PageLength];
        for (long page = 0; reader.TryFindContent(ref page); page++)
            reader.Read(page, memory.AsSpan((int)(page * PageLength), PageLength));
        Assert.Equal([1, 2, 3], reader.ReadPart("machine"));
        return memory;
    }
}
