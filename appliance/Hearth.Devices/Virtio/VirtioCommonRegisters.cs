using Hearth.Devices.Pci;
using Hearth.Machine;

namespace Hearth.Devices.Virtio;

/// <summary>
/// The common configuration structure (virtio 1.2, section 4.1.4.3). The device's lock is held, except in
/// <see cref="Write"/>, which may start the device.
/// </summary>
internal sealed class VirtioCommonRegisters
{
    private const int DeviceFeatureSelect = 0x00;
    private const int DeviceFeature = 0x04;
    private const int DriverFeatureSelect = 0x08;
    private const int DriverFeature = 0x0C;
    private const int ConfigurationVectorRegister = 0x10;
    private const int DeviceStatus = 0x14;
    private const int QueueSelect = 0x16;
    private const int QueueSize = 0x18;
    private const int QueueVector = 0x1A;
    private const int QueueEnable = 0x1C;
    private const int QueueDescriptors = 0x20;
    private const int QueueDriver = 0x28;
    private const int QueueDevice = 0x30;
    private const int QueueReset = 0x3A;

    private readonly VirtioDevice _device;
    private readonly MsixTable _msix;
    private uint _deviceFeatureSelect;
    private uint _driverFeatureSelect;
    private ushort _queueSelect;

    public VirtioCommonRegisters(VirtioDevice device, MsixTable msix)
    {
        _device = device;
        _msix = msix;
    }

    /// <summary>The vector of configuration changes.</summary>
    public ushort ConfigurationVector { get; private set; } = Virtqueue.NoVector;

    private Virtqueue? Selected => _queueSelect < _device.Queues.Count ? _device.Queues[_queueSelect] : null;

    public void ResetLocked()
    {
        _deviceFeatureSelect = 0;
        _driverFeatureSelect = 0;
        _queueSelect = 0;
        ConfigurationVector = Virtqueue.NoVector;
    }

    public void SaveLocked(IStateWriter to)
    {
        to.WriteUInt32(_deviceFeatureSelect);
        to.WriteUInt32(_driverFeatureSelect);
        to.WriteUInt16(_queueSelect);
        to.WriteUInt16(ConfigurationVector);
    }

    public void RestoreLocked(IStateReader from)
    {
        _deviceFeatureSelect = from.ReadUInt32();
        _driverFeatureSelect = from.ReadUInt32();
        _queueSelect = from.ReadUInt16();
        ConfigurationVector = from.ReadUInt16();
    }

    /// <summary>Reads any part of the structure; it is composed of dwords.</summary>
    public ulong ReadLocked(uint offset, AccessWidth width)
    {
        uint index = offset / 4;
        ulong value = ReadDwordLocked(index);
        if ((offset & 3) + (uint)width > sizeof(uint))
            value |= (ulong)ReadDwordLocked(index + 1) << 32;
        return value >> (int)(8 * (offset & 3));
    }

    /// <summary>Writes a register; an access that is not exactly a register (or half of a quadword) is ignored.</summary>
    public void Write(uint offset, AccessWidth width, ulong value)
    {
        if (offset == DeviceStatus && width == AccessWidth.Byte)
        {
            _device.WriteStatus((VirtioStatus)value);
            return;
        }

        lock (_device.Sync)
        {
            bool known = width switch
            {
                AccessWidth.Word => TryWriteWordLocked(offset, (ushort)value),
                AccessWidth.Dword => TryWriteDwordLocked(offset, (uint)value),
                AccessWidth.Qword => TryWriteAddressLocked(offset, value, ulong.MaxValue),
                _ => false,
            };
            if (!known)
                _device.LogLocked("a write to the common configuration is not of a register's width", offset);
        }
    }

    private uint ReadDwordLocked(uint index)
    {
        Virtqueue? queue = Selected;
        return (index * 4) switch
        {
            DeviceFeatureSelect => _deviceFeatureSelect,
            DeviceFeature => Half(_device.OfferedFeatures, _deviceFeatureSelect),
            DriverFeatureSelect => _driverFeatureSelect,
            DriverFeature => Half(_device.DriverFeatures, _driverFeatureSelect),
            ConfigurationVectorRegister => ConfigurationVector | ((uint)_device.Queues.Count << 16),
            DeviceStatus => (uint)_device.Status | ((uint)_device.ConfigurationGeneration << 8) | ((uint)_queueSelect << 16),
            _ when queue is null => 0,
            QueueSize => queue.Size | ((uint)queue.Vector << 16),
            QueueEnable => (queue.IsEnabled ? 1U : 0U) | ((uint)queue.Index << 16),
            QueueDescriptors => (uint)queue.Descriptors,
            QueueDescriptors + 4 => (uint)(queue.Descriptors >> 32),
            QueueDriver => (uint)queue.DriverArea,
            QueueDriver + 4 => (uint)(queue.DriverArea >> 32),
            QueueDevice => (uint)queue.DeviceArea,
            QueueDevice + 4 => (uint)(queue.DeviceArea >> 32),
            QueueReset & ~3 => (uint)queue.Index | (queue.IsResetPending ? 1U << 16 : 0),
            _ => 0,
        };
    }

    private bool TryWriteWordLocked(uint offset, ushort value)
    {
        Virtqueue? queue = Selected;
        switch (offset)
        {
            case ConfigurationVectorRegister:
                ConfigurationVector = CheckedVector(value);
                return true;
            case QueueSelect:
                _queueSelect = value;
                return true;
            case QueueSize when queue is { IsEnabled: false }:
                return queue.TrySetSize(value);
            case QueueVector when queue is not null:
                queue.Vector = CheckedVector(value);
                return true;
            case QueueEnable when queue is not null && value == 1:
                _device.EnableQueueLocked(queue);
                return true;
            case QueueReset when queue is not null && value == 1:
                _device.ResetQueueLocked(queue);
                return true;
            default:
                return false;
        }
    }

    private bool TryWriteDwordLocked(uint offset, uint value)
    {
        switch (offset)
        {
            case DeviceFeatureSelect:
                _deviceFeatureSelect = value;
                return true;
            case DriverFeatureSelect:
                _driverFeatureSelect = value;
                return true;
            case DriverFeature:
                _device.ChooseFeaturesLocked(_driverFeatureSelect, value);
                return true;
            default:
                int shift = (int)(offset & 4) * 8;
                return TryWriteAddressLocked(offset & ~4U, (ulong)value << shift, (ulong)uint.MaxValue << shift);
        }
    }

    private bool TryWriteAddressLocked(uint offset, ulong value, ulong mask)
    {
        if (Selected is not { IsEnabled: false } queue)
            return false;
        switch (offset)
        {
            case QueueDescriptors:
                queue.Descriptors = (queue.Descriptors & ~mask) | value;
                return true;
            case QueueDriver:
                queue.DriverArea = (queue.DriverArea & ~mask) | value;
                return true;
            case QueueDevice:
                queue.DeviceArea = (queue.DeviceArea & ~mask) | value;
                return true;
            default:
                return false;
        }
    }

    /// <summary>A vector that does not exist reads back as none: so the driver learns that it has no such vector.</summary>
    private ushort CheckedVector(ushort vector) => vector < _msix.VectorCount ? vector : Virtqueue.NoVector;

    private static uint Half(ulong features, uint select) => select switch
    {
        0 => (uint)features,
        1 => (uint)(features >> 32),
        _ => 0,
    };
}
