namespace Hearth.Machine;

/// <summary>Reads back what an <see cref="IStateWriter"/> wrote, in the same order.</summary>
/// <exception cref="SavedStateException">Thrown by every call when the section ends early or a value is malformed.</exception>
public interface IStateReader
{
    bool ReadBoolean();

    byte ReadByte();

    ushort ReadUInt16();

    uint ReadUInt32();

    ulong ReadUInt64();

    long ReadInt64();

    /// <summary>Reads bytes written with their length; the length must be exactly that of <paramref name="to"/>.</summary>
    void ReadBytes(Span<byte> to);

    /// <summary>Reads bytes of any length up to <paramref name="maximum"/>.</summary>
    byte[] ReadBytes(int maximum);
}
