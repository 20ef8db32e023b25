using System.Buffers.Binary;
using Hearth.Machine;

namespace Hearth.Testing;

/// <summary>Device memory in an array; a test writes to it as a guest does by <see cref="Write"/>, which marks pages.</summary>
public sealed class FakeDeviceMemory(int length) : IDeviceMemory
{
    private readonly byte[] _bytes = new byte[length];
    private readonly PageSet _written = new(length / PageSet.PageSize);

    public int Length => _bytes.Length;

    /// <summary>Where the guest finds it.</summary>
    public ulong? Address { get; private set; }

    public byte[] Bytes => _bytes;

    public void Place(ulong? address) => Address = address;

    public void Read(int offset, Span<byte> to) => _bytes.AsSpan(offset, to.Length).CopyTo(to);

    public void Write(int offset, ReadOnlySpan<byte> from)
    {
        from.CopyTo(_bytes.AsSpan(offset));
        for (int at = offset; at < offset + from.Length; at += PageSet.PageSize)
            _written.Add(at / PageSet.PageSize);
        if (!from.IsEmpty)
            _written.Add((offset + from.Length - 1) / PageSet.PageSize);
    }

    public void Clear()
    {
        _bytes.AsSpan().Clear();
        for (int page = 0; page < _written.Length; page++)
            _written.Add(page);
    }

    public bool TryFindUsed(ref int page)
    {
        int found = _bytes.AsSpan(page * PageSet.PageSize).IndexOfAnyExcept((byte)0);
        page += Math.Max(found, 0) / PageSet.PageSize;
        return found >= 0;
    }

    public byte ReadByte(int offset) => _bytes[offset];

    public void WriteByte(int offset, byte value)
    {
        _bytes[offset] = value;
        _written.Add(offset / PageSet.PageSize);
    }

    public uint ReadUInt32(int offset)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(offset % sizeof(uint), 0);
        return BinaryPrimitives.ReadUInt32LittleEndian(_bytes.AsSpan(offset));
    }

    public void WriteUInt32(int offset, uint value)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(offset % sizeof(uint), 0);
        BinaryPrimitives.WriteUInt32LittleEndian(_bytes.AsSpan(offset), value);
        _written.Add(offset / PageSet.PageSize);
    }

    public void TakeWritten(PageSet into)
    {
        Span<ulong> words = into.Words;
        for (int i = 0; i < words.Length; i++)
            words[i] |= _written.Words[i];
        _written.Clear();
    }
}
