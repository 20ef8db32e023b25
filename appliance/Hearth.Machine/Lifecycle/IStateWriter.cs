namespace Hearth.Machine;

/// <summary>Writes one section of a saved state: plain little-endian values in the order a device chooses.</summary>
public interface IStateWriter
{
    void WriteBoolean(bool value);

    void WriteByte(byte value);

    void WriteUInt16(ushort value);

    void WriteUInt32(uint value);

    void WriteUInt64(ulong value);

    void WriteInt64(long value);

    /// <summary>Writes a length (32 bits) and the bytes.</summary>
    void WriteBytes(ReadOnlySpan<byte> value);
}
