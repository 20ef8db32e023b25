using Hearth.Machine;

namespace Hearth.Devices.Platform.I8042;

/// <summary>A bounded queue of bytes, each with a mark (end of a sequence, or its origin).</summary>
internal sealed class Ps2Queue(int capacity)
{
    private const ushort Mark = 0x100;

    private readonly ushort[] _entries = new ushort[capacity];
    private int _head;

    public int Count { get; private set; }

    public int Room => _entries.Length - Count;

    /// <returns>False, with nothing added, when the queue is full.</returns>
    public bool TryAdd(byte value, bool marked = false)
    {
        if (Room == 0)
            return false;
        _entries[(_head + Count) % _entries.Length] = (ushort)(value | (marked ? Mark : 0));
        Count++;
        return true;
    }

    /// <summary>Takes the oldest byte; the queue must not be empty.</summary>
    public byte Take(out bool marked)
    {
        ushort entry = _entries[_head];
        _head = (_head + 1) % _entries.Length;
        Count--;
        marked = (entry & Mark) != 0;
        return (byte)entry;
    }

    /// <summary>Drops everything behind the first mark, that mark included in what stays.</summary>
    public void KeepToFirstMark()
    {
        int kept = 0;
        while (kept < Count && (_entries[(_head + kept++) % _entries.Length] & Mark) == 0)
        {
        }

        Count = kept;
    }

    public void Clear()
    {
        _head = 0;
        Count = 0;
    }

    public void Save(IStateWriter to)
    {
        to.WriteUInt16((ushort)Count);
        for (int i = 0; i < Count; i++)
            to.WriteUInt16(_entries[(_head + i) % _entries.Length]);
    }

    public void Restore(IStateReader from)
    {
        Clear();
        int count = from.ReadUInt16();
        if (count > _entries.Length)
            throw new SavedStateException("The saved state of the keyboard controller holds more bytes than its queues have room for.");
        for (Count = 0; Count < count; Count++)
            _entries[Count] = (ushort)(from.ReadUInt16() & (Mark | 0xFF));
    }
}
