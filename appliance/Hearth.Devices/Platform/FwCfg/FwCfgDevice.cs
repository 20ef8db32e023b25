using System.Buffers.Binary;
using Hearth.Machine;

namespace Hearth.Devices.Platform.FwCfg;

/// <summary>
/// The firmware configuration interface (QEMU, docs/specs/fw_cfg.rst): numbered items and named files, read byte by byte
/// through a port or in one go by DMA.
/// </summary>
public sealed class FwCfgDevice : IMachineDevice, IBusDevice
{
    private const byte Version = 1;
    private const int ChunkSize = 4096;
    private const int RequestSize = 16;

    // The spec keeps bit 14 for the write interface of old; it does not belong to the key.
    private const ushort KeyMask = 0xBFFF;

    private readonly Lock _lock = new();

    // By their keys.
    private readonly Dictionary<int, FwCfgItem> _items = [];
    private readonly byte[] _chunk = new byte[ChunkSize];
    private readonly IGuestMemory _ram;
    private readonly IDeviceLog _log;

    private ushort _key;
    private FwCfgItem? _item;
    private uint _offset;
    private ulong _dmaAddress;

    /// <param name="contents">Complete: what is added later is not seen.</param>
    public FwCfgDevice(FwCfgContents contents, IGuestMemory ram, IDeviceLog log)
    {
        ArgumentNullException.ThrowIfNull(contents);
        foreach (FwCfgItem item in contents.Items)
            _items.Add(item.Key, item);
        _ram = ram;
        _log = log;
    }

    public string Name => "fw-cfg";

    private int Remaining => _item is null || _offset >= (uint)_item.Data.Length ? 0 : _item.Data.Length - (int)_offset;

    public ulong Read(ulong offset, AccessWidth width)
    {
        lock (_lock)
        {
            if (offset >= FwCfgRegisters.DmaAddress)
                return ReadSignature((uint)offset - FwCfgRegisters.DmaAddress, width);
            return offset == FwCfgRegisters.Data && width == AccessWidth.Byte ? NextByteLocked() : 0UL;
        }
    }

    public void Write(ulong offset, AccessWidth width, ulong value)
    {
        lock (_lock)
        {
            switch (((uint)offset, width))
            {
                case (FwCfgRegisters.Selector, AccessWidth.Word):
                    SelectLocked((ushort)value);
                    break;
                case (FwCfgRegisters.DmaAddress, AccessWidth.Dword):
                    _dmaAddress = (ulong)BinaryPrimitives.ReverseEndianness((uint)value) << 32;
                    break;
                case (FwCfgRegisters.DmaAddressLow, AccessWidth.Dword):
                    RunLocked(new GuestAddress(_dmaAddress | BinaryPrimitives.ReverseEndianness((uint)value)));
                    _dmaAddress = 0;
                    break;
                default:
                    // The data port was writable once; writes to it have been ignored since version 2.4 of the interface.
                    break;
            }
        }
    }

    public void Reset()
    {
        lock (_lock)
        {
            foreach (FwCfgItem item in _items.Values)
                item.Reset();
            SelectLocked(FwCfgKeys.Signature);
            _dmaAddress = 0;
        }
    }

    public void Save(IStateWriter to)
    {
        lock (_lock)
        {
            to.WriteVersion(Version);
            to.WriteUInt16(_key);
            to.WriteUInt32(_offset);
            to.WriteUInt64(_dmaAddress);
            foreach (FwCfgItem item in WritableItems())
            {
                to.WriteUInt16(item.Key);
                to.WriteBytes(item.Data);
            }
        }
    }

    public void Restore(IStateReader from)
    {
        lock (_lock)
        {
            from.ReadVersion(Name, Version);
            SelectLocked(from.ReadUInt16());

            // The item may be shorter here than it was where the guest was saved.
            _offset = Math.Min(from.ReadUInt32(), (uint)(_item?.Data.Length ?? 0));
            _dmaAddress = from.ReadUInt64();
            foreach (FwCfgItem item in WritableItems())
            {
                if (from.ReadUInt16() != item.Key)
                    throw new SavedStateException("The saved state of 'fw-cfg' has other writable files than this machine.");
                from.ReadBytes(item.Data);
            }
        }
    }

    private IEnumerable<FwCfgItem> WritableItems() => _items.Values.Where(item => item.IsWritable).OrderBy(item => item.Key);

    private static ulong ReadSignature(uint offset, AccessWidth width)
    {
        // Big-endian: the first port holds the first character.
        ulong value = 0;
        for (int i = 0; i < (int)width; i++)
            value |= ((FwCfgRegisters.DmaSignature >> (56 - (8 * ((int)offset + i)))) & 0xFF) << (8 * i);
        return value;
    }

    private void SelectLocked(ushort key)
    {
        _key = (ushort)(key & KeyMask);
        _offset = 0;
        _item = _items.GetValueOrDefault(_key);
    }

    private byte NextByteLocked() => Remaining == 0 ? (byte)0 : _item!.Data[_offset++];

    /// <summary>Carries out the request at <paramref name="address"/> and writes its outcome back into its control word.</summary>
    private void RunLocked(GuestAddress address)
    {
        Span<byte> request = stackalloc byte[RequestSize];
        if (!_ram.TryRead(address, request))
        {
            _log.GuestError(Name, "the DMA request is not in RAM", address.Value);
            return;
        }

        uint word = BinaryPrimitives.ReadUInt32BigEndian(request);
        uint length = BinaryPrimitives.ReadUInt32BigEndian(request[4..]);
        var target = new GuestAddress(BinaryPrimitives.ReadUInt64BigEndian(request[8..]));
        var controls = (DmaControls)(word & 0xFFFF);
        if ((controls & DmaControls.Select) != 0)
            SelectLocked((ushort)(word >> 16));
        bool done = TransferLocked(controls, target, length);
        if (!done)
            _log.GuestError(Name, "a DMA transfer failed", target.Value);
        BinaryPrimitives.WriteUInt32BigEndian(request, done ? 0 : (uint)DmaControls.Error);
        _ram.TryWrite(address, request[..sizeof(uint)]);
    }

    private bool TransferLocked(DmaControls controls, GuestAddress target, uint length)
    {
        if ((controls & DmaControls.Read) != 0)
            return TryReadItemLocked(target, length);
        if ((controls & DmaControls.Write) != 0)
            return TryWriteItemLocked(target, length);
        if ((controls & DmaControls.Skip) != 0)
            AdvanceLocked(length);
        return true;
    }

    /// <summary>Item to RAM; past the item's end come zeros.</summary>
    private bool TryReadItemLocked(GuestAddress target, uint length)
    {
        // Refused as a whole first: a length of 4 GiB must not cost a loop before it fails.
        if (length > 0 && !_ram.Contains(target, length))
            return false;
        while (length > 0)
        {
            int part = (int)Math.Min(length, ChunkSize);
            ReadOnlySpan<byte> data = _chunk.AsSpan(0, part);
            if (Remaining >= part)
            {
                data = _item!.Data.AsSpan((int)_offset, part);
            }
            else
            {
                _chunk.AsSpan(0, part).Clear();
                if (Remaining > 0)
                    _item!.Data.AsSpan((int)_offset).CopyTo(_chunk);
            }

            if (!_ram.TryWrite(target, data))
                return false;
            AdvanceLocked((uint)part);
            target += (ulong)part;
            length -= (uint)part;
        }

        return true;
    }

    /// <summary>RAM to item: only a writable one, and only within its size.</summary>
    private bool TryWriteItemLocked(GuestAddress source, uint length)
    {
        if (_item is not { IsWritable: true } || length > (uint)Remaining)
            return false;
        if (!_ram.TryRead(source, _item.Data.AsSpan((int)_offset, (int)length)))
            return false;
        AdvanceLocked(length);
        return true;
    }

    private void AdvanceLocked(uint length)
    {
        uint end = (uint)(_item?.Data.Length ?? 0);
        _offset = length > end - Math.Min(_offset, end) ? end : _offset + length;
    }
}
