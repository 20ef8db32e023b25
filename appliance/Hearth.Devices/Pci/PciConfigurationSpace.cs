using System.Buffers.Binary;
using Hearth.Machine;

namespace Hearth.Devices.Pci;

/// <summary>
/// The 256 bytes of a function's configuration space (PCI 3.0, section 6.1): their value at power-on and, bit for bit, what
/// the guest may write. Not synchronized: the function's lock is held.
/// </summary>
public sealed class PciConfigurationSpace
{
    private readonly byte[] _values = new byte[PciRegisters.SpaceLength];
    private readonly byte[] _powerOn = new byte[PciRegisters.SpaceLength];
    private readonly byte[] _writable = new byte[PciRegisters.SpaceLength];

    /// <summary>Reads a register as a guest does.</summary>
    /// <param name="offset">Bytes; the access must not cross a dword.</param>
    public uint Read(int offset, AccessWidth width) => width switch
    {
        AccessWidth.Byte => _values[offset],
        AccessWidth.Word => ReadUInt16(offset),
        _ => ReadUInt32(offset),
    };

    public ushort ReadUInt16(int offset) => BinaryPrimitives.ReadUInt16LittleEndian(_values.AsSpan(offset));

    public uint ReadUInt32(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(_values.AsSpan(offset));

    /// <summary>Writes a register as a guest does: only bits that are writable change.</summary>
    /// <inheritdoc cref="Read"/>
    public void Write(int offset, AccessWidth width, uint value)
    {
        for (int i = 0; i < (int)width; i++)
        {
            byte mask = _writable[offset + i];
            _values[offset + i] = (byte)((_values[offset + i] & ~mask) | ((byte)(value >> (8 * i)) & mask));
        }
    }

    public void Reset() => _powerOn.CopyTo(_values, 0);

    public void Save(IStateWriter to)
    {
        ArgumentNullException.ThrowIfNull(to);
        to.WriteBytes(_values);
    }

    /// <summary>Takes back what the guest could have written; everything else stays what this machine says it is.</summary>
    public void Restore(IStateReader from)
    {
        ArgumentNullException.ThrowIfNull(from);
        Span<byte> saved = stackalloc byte[PciRegisters.SpaceLength];
        from.ReadBytes(saved);
        for (int i = 0; i < saved.Length; i++)
            _values[i] = (byte)((_powerOn[i] & ~_writable[i]) | (saved[i] & _writable[i]));
    }

    /// <summary>Sets a register's power-on value and its writable bits; while the machine is built.</summary>
    public void Define(int offset, byte value, byte writable = 0)
    {
        _powerOn[offset] = value;
        _values[offset] = value;
        _writable[offset] = writable;
    }

    /// <inheritdoc cref="Define"/>
    public void DefineUInt16(int offset, ushort value, ushort writable = 0)
    {
        Define(offset, (byte)value, (byte)writable);
        Define(offset + 1, (byte)(value >> 8), (byte)(writable >> 8));
    }

    /// <inheritdoc cref="Define"/>
    public void DefineUInt32(int offset, uint value, uint writable = 0)
    {
        DefineUInt16(offset, (ushort)value, (ushort)writable);
        DefineUInt16(offset + 2, (ushort)(value >> 16), (ushort)(writable >> 16));
    }

    /// <summary>The power-on value of a register.</summary>
    public byte PowerOnValue(int offset) => _powerOn[offset];
}
