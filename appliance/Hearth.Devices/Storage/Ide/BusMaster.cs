using System.Buffers.Binary;
using Hearth.Machine;

namespace Hearth.Devices.Storage.Ide;

/// <summary>
/// The bus master of one channel (Programming Interface for Bus Master IDE Controller, revision 1.0): moves data between a drive and the memory that a
/// table of physical region descriptors names. The device's lock is held.
/// </summary>
internal sealed class BusMaster
{
    private const int DescriptorLength = 8;
    private const uint LongestRegion = 1 << 16;
    private const uint EndOfTable = 1U << 31;
    private const uint TableMask = 0xFFFF_FFFC;

    private const byte Start = 1 << 0;
    private const byte ToMemory = 1 << 3;

    private const byte Active = 1 << 0;
    private const byte Failed = 1 << 1;
    private const byte Interrupt = 1 << 2;
    private const byte DmaCapable = 0x60;

    private readonly string _device;
    private readonly IGuestMemory _ram;
    private readonly IDeviceLog _log;
    private byte _command;
    private byte _status;
    private uint _table;

    // Where the next descriptor is read, and what is left of the region of the last one.
    private uint _next;
    private uint _region;
    private uint _regionLeft;
    private bool _isLast;

    public BusMaster(string device, IGuestMemory ram, IDeviceLog log)
    {
        _device = device;
        _ram = ram;
        _log = log;
    }

    /// <summary>PCI command register, bit 2.</summary>
    public bool IsEnabled { get; set; }

    private bool Runs => IsEnabled && (_status & Active) != 0;

    public void Reset()
    {
        _command = 0;
        _status = 0;
        _table = 0;
        _next = 0;
        _region = 0;
        _regionLeft = 0;
        _isLast = false;
    }

    /// <param name="offset">0 to 7; registers there are bytes, the table's address is a dword.</param>
    public byte ReadByte(int offset) => offset switch
    {
        0 => _command,
        2 => _status,
        >= 4 and < 8 => (byte)(_table >> (8 * (offset - 4))),
        _ => 0,
    };

    /// <inheritdoc cref="ReadByte"/>
    public void WriteByte(int offset, byte value)
    {
        switch (offset)
        {
            case 0:
                WriteCommand(value);
                break;
            case 2:
                // Error and interrupt are cleared by writing ones; the capabilities are the software's own notes.
                _status = (byte)((_status & ~(value & (Failed | Interrupt)) & ~DmaCapable) | (value & DmaCapable));
                break;
            case >= 4 and < 8:
                int shift = 8 * (offset - 4);
                _table = ((_table & ~(0xFFU << shift)) | ((uint)value << shift)) & TableMask;
                break;
            default:
                break;
        }
    }

    /// <summary>The drive's interrupt was raised, whatever for.</summary>
    public void NoteInterrupt() => _status |= Interrupt;

    /// <summary>The drive has moved all it had to.</summary>
    public void NoteEnd()
    {
        if (_regionLeft == 0 && _isLast)
            _status &= unchecked((byte)~Active);
    }

    /// <summary>Takes data of the drive to memory.</summary>
    /// <returns>Bytes taken: fewer when the master does not run, runs the other way, or comes to the end of its table or to an error.</returns>
    public int Put(ReadOnlySpan<byte> data)
    {
        int moved = 0;
        while (moved < data.Length && TryRegion(toMemory: true))
        {
            int part = (int)Math.Min(_regionLeft, (uint)(data.Length - moved));
            if (!_ram.TryWrite(new GuestAddress(_region), data.Slice(moved, part)))
            {
                Fail("a region of a DMA transfer is not in RAM", _region);
                break;
            }

            moved += part;
            Advance(part);
        }

        return moved;
    }

    /// <summary>Brings data from memory to the drive.</summary>
    /// <returns>Bytes brought; see <see cref="Put"/>.</returns>
    public int Take(Span<byte> data)
    {
        int moved = 0;
        while (moved < data.Length && TryRegion(toMemory: false))
        {
            int part = (int)Math.Min(_regionLeft, (uint)(data.Length - moved));
            if (!_ram.TryRead(new GuestAddress(_region), data.Slice(moved, part)))
            {
                Fail("a region of a DMA transfer is not in RAM", _region);
                break;
            }

            moved += part;
            Advance(part);
        }

        return moved;
    }

    public void Save(IStateWriter to)
    {
        to.WriteByte(_command);
        to.WriteByte(_status);
        to.WriteUInt32(_table);
        to.WriteUInt32(_next);
        to.WriteUInt32(_region);
        to.WriteUInt32(_regionLeft);
        to.WriteBoolean(_isLast);
    }

    public void Restore(IStateReader from)
    {
        _command = (byte)(from.ReadByte() & (Start | ToMemory));
        _status = (byte)(from.ReadByte() & (Active | Failed | Interrupt | DmaCapable));
        _table = from.ReadUInt32() & TableMask;
        _next = from.ReadUInt32() & TableMask;
        _region = from.ReadUInt32() & ~1U;
        _regionLeft = Math.Min(from.ReadUInt32(), LongestRegion);
        _isLast = from.ReadBoolean();
    }

    private void WriteCommand(byte value)
    {
        bool starts = (value & ~_command & Start) != 0;
        _command = (byte)(value & (Start | ToMemory));
        if ((value & Start) == 0)
        {
            _status &= unchecked((byte)~Active);
            return;
        }

        if (!starts)
            return;
        _next = _table;
        _regionLeft = 0;
        _isLast = false;
        _status |= Active;
    }

    /// <summary>Makes sure that something is left of a region.</summary>
    private bool TryRegion(bool toMemory)
    {
        if (!Runs)
            return false;
        if (toMemory != ((_command & ToMemory) != 0))
        {
            Fail("a DMA transfer is to go the other way than the drive's", _command);
            return false;
        }

        if (_regionLeft != 0)
            return true;
        if (_isLast)
        {
            // The table names less than the drive transfers: neither active nor an interrupt is how the driver learns that.
            _status &= unchecked((byte)~Active);
            return false;
        }

        Span<byte> descriptor = stackalloc byte[DescriptorLength];
        if (!_ram.TryRead(new GuestAddress(_next), descriptor))
        {
            Fail("a table of DMA regions is not in RAM", _next);
            return false;
        }

        _region = BinaryPrimitives.ReadUInt32LittleEndian(descriptor) & ~1U;
        uint count = BinaryPrimitives.ReadUInt32LittleEndian(descriptor[sizeof(uint)..]);
        _regionLeft = count & 0xFFFE;
        if (_regionLeft == 0)
            _regionLeft = LongestRegion;
        _isLast = (count & EndOfTable) != 0;

        // A table does not leave its 64 KiB.
        _next = (_next & 0xFFFF_0000) | ((_next + DescriptorLength) & 0xFFFF);
        return true;
    }

    private void Advance(int bytes)
    {
        _region += (uint)bytes;
        _regionLeft -= (uint)bytes;
    }

    private void Fail(string message, uint value)
    {
        _log.GuestError(_device, message, value);
        _status = (byte)((_status & ~Active) | Failed);
    }
}
