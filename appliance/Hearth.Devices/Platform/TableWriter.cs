using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Hearth.Devices.Platform;

/// <summary>Writes a firmware table field by field, little-endian.</summary>
internal sealed class TableWriter
{
    private readonly ArrayBufferWriter<byte> _buffer = new();

    /// <summary>Bytes written so far: the offset of the next field.</summary>
    public int Length => _buffer.WrittenCount;

    public TableWriter Byte(int value) => Bytes([(byte)value]);

    public TableWriter Word(int value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, (ushort)value);
        return Bytes(bytes);
    }

    public TableWriter Dword(uint value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return Bytes(bytes);
    }

    public TableWriter Qword(ulong value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        return Bytes(bytes);
    }

    public TableWriter Bytes(ReadOnlySpan<byte> bytes)
    {
        _buffer.Write(bytes);
        return this;
    }

    public TableWriter Zeros(int count) => Bytes(new byte[count]);

    /// <summary>ASCII text of a fixed length, filled up with spaces.</summary>
    public TableWriter Text(string text, int length) => Bytes(Encoding.ASCII.GetBytes(text.PadRight(length)[..length]));

    public byte[] ToArray() => _buffer.WrittenSpan.ToArray();

    /// <summary>The table with the byte at <paramref name="checksumOffset"/> set so that the first bytes sum up to zero.</summary>
    /// <param name="covered">How many bytes the checksum covers; all of them when negative.</param>
    public byte[] ToArrayWithChecksum(int checksumOffset, int covered = -1)
    {
        byte[] table = ToArray();
        SetChecksum(covered < 0 ? table : table.AsSpan(0, covered), checksumOffset);
        return table;
    }

    /// <summary>Sets the byte at <paramref name="checksumOffset"/> so that all bytes sum up to zero.</summary>
    public static void SetChecksum(Span<byte> table, int checksumOffset)
    {
        table[checksumOffset] = 0;
        byte sum = 0;
        foreach (byte value in table)
            sum += value;
        table[checksumOffset] = (byte)-sum;
    }
}
