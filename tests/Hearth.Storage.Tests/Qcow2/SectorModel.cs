using System.Buffers.Binary;

namespace Hearth.Storage.Tests.Qcow2;

/// <summary>What each sector of a disk may have after a power cut: what it had at the last flush, or anything that was written since.</summary>
internal sealed class SectorModel
{
    private readonly List<long>[] _allowed;
    private readonly HashSet<int> _isUncertain = [];
    private long _lastValue;

    public SectorModel(long[] initial) => _allowed = [.. initial.Select(value => new List<long> { value })];

    public long NextValue() => ++_lastValue;

    public void Write(int first, int count, long value)
    {
        for (int sector = first; sector < first + count; sector++)
        {
            _allowed[sector].Add(value);
            _ = _isUncertain.Remove(sector);
        }
    }

    /// <summary>What was there may come back, or zeros.</summary>
    public void Discard(int first, int count)
    {
        for (int sector = first; sector < first + count; sector++)
        {
            _allowed[sector].Insert(0, 0);
            _isUncertain.Add(sector);
        }
    }

    /// <summary>What was written last is all there can be.</summary>
    public void Flush()
    {
        for (int sector = 0; sector < _allowed.Length; sector++)
        {
            int keep = _isUncertain.Contains(sector) ? 0 : _allowed[sector].Count - 1;
            _allowed[sector].RemoveRange(0, keep);
        }
    }

    public void AssertAllowed(int sector, ReadOnlySpan<byte> content)
    {
        long value = BinaryPrimitives.ReadInt64LittleEndian(content);
        bool isWhole = true;
        for (int at = 0; at < content.Length; at += sizeof(long))
            isWhole &= BinaryPrimitives.ReadInt64LittleEndian(content[at..]) == value;
        Assert.True(isWhole && _allowed[sector].Contains(value), $"sector {sector} has {value}{(isWhole ? "" : " in part")}, not one of {string.Join(", ", _allowed[sector])}");
    }
}
