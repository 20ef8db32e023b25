using System.Buffers.Binary;

namespace Hearth.Machine;

/// <summary>Reads a section from memory.</summary>
public sealed class StateReader : IStateReader
{
    private readonly string _section;
    private ReadOnlyMemory<byte> _rest;

    /// <param name="section">The section's name, for errors.</param>
    /// <param name="data">The section, as <see cref="StateWriter.Written"/> gave it.</param>
    public StateReader(string section, ReadOnlyMemory<byte> data)
    {
        _section = section;
        _rest = data;
    }

    /// <summary>True when every byte has been read.</summary>
    public bool IsAtEnd => _rest.IsEmpty;

    public bool ReadBoolean() => ReadByte() switch
    {
        0 => false,
        1 => true,
        byte other => throw new SavedStateException($"The saved state of '{_section}' is damaged: {other} stands where 0 or 1 is expected."),
    };

    public byte ReadByte() => Take(sizeof(byte))[0];

    public ushort ReadUInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(sizeof(ushort)));

    public uint ReadUInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint)));

    public ulong ReadUInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(sizeof(ulong)));

    public long ReadInt64() => (long)ReadUInt64();

    public void ReadBytes(Span<byte> to)
    {
        uint length = ReadUInt32();
        if (length != (uint)to.Length)
            throw new SavedStateException($"The saved state of '{_section}' is damaged: {length} bytes stand where {to.Length} are expected.");
        Take(to.Length).CopyTo(to);
    }

    public byte[] ReadBytes(int maximum)
    {
        uint length = ReadUInt32();
        if (length > (uint)maximum)
            throw new SavedStateException($"The saved state of '{_section}' is damaged: {length} bytes stand where at most {maximum} fit.");
        return Take((int)length).ToArray();
    }

    private ReadOnlySpan<byte> Take(int length)
    {
        if (length > _rest.Length)
            throw new SavedStateException($"The saved state of '{_section}' ends early.");
        ReadOnlySpan<byte> taken = _rest.Span[..length];
        _rest = _rest[length..];
        return taken;
    }
}
