using System.Buffers.Binary;
using Hearth.Devices.Pci;
using Hearth.Machine;

namespace Hearth.Devices.Virtio;

/// <summary>
/// The PCI transport of a virtio device, modern only (virtio 1.2, section 4.1): one memory BAR with the common, notification,
/// interrupt status and device structures, the MSI-X table and its pending bits.
/// </summary>
/// <remarks>
/// With MSI-X switched on each queue and the configuration have a vector of their own; without, INTx follows the interrupt
/// status register, which a read clears.
/// </remarks>
public sealed class VirtioPciFunction : PciFunction, IBusDevice, IPausableDevice, IDrainableDevice, IDeviceFigures, IVirtioInterrupts
{
    private const ushort RedHat = 0x1AF4;
    private const ushort ModernDeviceBase = 0x1040;
    private const ushort Subsystem = 0x1100;
    private const byte InterruptPinA = 1;

    private const uint QueueInterrupt = 1;
    private const uint ConfigurationInterrupt = 2;

    private const int CapabilityBody = 14;
    private const int AccessBar = 4;
    private const int AccessOffset = 8;
    private const int AccessLength = 12;
    private const int AccessData = 16;

    private readonly VirtioDevice _device;
    private readonly VirtioCommonRegisters _common;
    private readonly MsixTable _msix;
    private readonly int _msixCapability;
    private readonly int _accessCapability;
    private uint _interruptStatus;

    /// <param name="device">The device; it belongs to this function from now on.</param>
    public VirtioPciFunction(VirtioDevice device, DeviceContext context)
        : base(device?.Name ?? "", IdentityOf(device), context, device?.Sync ?? new Lock())
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(context);
        _device = device;
        _msix = new MsixTable(device.Queues.Count + 1, context.Messages);
        _common = new VirtioCommonRegisters(device, _msix);
        device.ConnectTo(this);
        AddBar(VirtioPciLayout.BarIndex, PciBarKind.Memory32, VirtioPciLayout.BarLength, this);
        _msixCapability = AddMsixCapability();
        AddStructure(VirtioPciLayout.TypeCommon, VirtioPciLayout.Common, VirtioPciLayout.CommonLength);
        AddStructure(VirtioPciLayout.TypeInterruptStatus, VirtioPciLayout.InterruptStatus, VirtioPciLayout.InterruptStatusLength);
        if (device.ConfigurationBytes.Length != 0)
            AddStructure(VirtioPciLayout.TypeDevice, VirtioPciLayout.Device, (uint)device.ConfigurationBytes.Length);
        AddStructure(
            VirtioPciLayout.TypeNotify,
            VirtioPciLayout.Notify,
            VirtioPciLayout.NotifyMultiplier * (uint)device.Queues.Count,
            VirtioPciLayout.NotifyMultiplier);
        _accessCapability = AddAccessCapability();
    }

    /// <summary>The device behind the transport.</summary>
    internal VirtioDevice Device => _device;

    public ulong Read(ulong offset, AccessWidth width)
    {
        uint within = (uint)offset & ~VirtioPciLayout.PageMask;
        lock (Sync)
        {
            return ((uint)offset & VirtioPciLayout.PageMask) switch
            {
                VirtioPciLayout.Common => _common.ReadLocked(within, width),
                VirtioPciLayout.InterruptStatus when within == 0 => TakeInterruptStatusLocked(),
                VirtioPciLayout.Device => ReadDeviceLocked(within, width),
                VirtioPciLayout.MsixEntries => _msix.ReadTable(within, width),
                VirtioPciLayout.MsixPending => _msix.ReadPending(within),
                _ => 0,
            };
        }
    }

    public void Write(ulong offset, AccessWidth width, ulong value)
    {
        uint within = (uint)offset & ~VirtioPciLayout.PageMask;
        switch ((uint)offset & VirtioPciLayout.PageMask)
        {
            case VirtioPciLayout.Notify:
                // The hot path: no lock here, the device takes its own.
                uint queue = within / VirtioPciLayout.NotifyMultiplier;
                if (queue < (uint)_device.Queues.Count)
                    _device.Notify((int)queue);
                break;
            case VirtioPciLayout.Common:
                _common.Write(within, width, value);
                break;
            case VirtioPciLayout.Device:
                lock (Sync)
                    _device.WriteConfigurationLocked(within, width, value);
                break;
            case VirtioPciLayout.MsixEntries:
                lock (Sync)
                    _msix.WriteTable(within, width, value);
                break;
        }
    }

    public void Pause() => _device.Pause();

    public void Drain()
    {
        if (_device.WaitsForDisk)
            _device.Pause();
    }

    public void Resume() => _device.Resume();

    public IReadOnlyList<DeviceFigure> Figures() => _device.Figures();

    void IVirtioInterrupts.SignalQueueLocked(Virtqueue queue)
    {
        if (_msix.IsEnabled)
            _msix.Notify(queue.Vector);
        else
            RaiseLocked(QueueInterrupt);
    }

    void IVirtioInterrupts.SignalConfigurationLocked()
    {
        if (_msix.IsEnabled)
            _msix.Notify(_common.ConfigurationVector);
        else
            RaiseLocked(ConfigurationInterrupt);
    }

    void IVirtioInterrupts.DeviceResetLocked()
    {
        _common.ResetLocked();
        TakeInterruptStatusLocked();
    }

    protected override void BringToRest() => _device.WaitUntilIdle();

    protected override void ResetLocked()
    {
        _device.ResetLocked();
        _msix.Reset();
    }

    protected override void SaveLocked(IStateWriter to)
    {
        to.WriteUInt32(_interruptStatus);
        _msix.Save(to);
        _common.SaveLocked(to);
        _device.SaveLocked(to);
    }

    protected override void RestoreLocked(IStateReader from)
    {
        _interruptStatus = from.ReadUInt32();
        _msix.Restore(from, Configuration.ReadUInt16(_msixCapability + 2));
        _common.RestoreLocked(from);
        _device.RestoreLocked(from);
        FollowInterruptStatusLocked();
    }

    /// <summary>The PCI configuration access capability: a read of its data reads the BAR (section 4.1.4.9).</summary>
    protected override void BeforeConfigurationReadLocked(int offset, AccessWidth width)
    {
        if ((offset & ~3) != _accessCapability + AccessData || !TryDecodeAccessLocked(out uint target, out AccessWidth targetWidth))
            return;
        Configuration.Write(_accessCapability + AccessData, AccessWidth.Dword, (uint)Read(target, targetWidth));
    }

    protected override void ConfigurationWritten(int offset, AccessWidth width)
    {
        uint target;
        AccessWidth targetWidth;
        uint data;
        lock (Sync)
        {
            if ((offset & ~3) == _msixCapability)
            {
                _msix.SetControl(Configuration.ReadUInt16(_msixCapability + 2));
                FollowInterruptStatusLocked();
            }

            if ((offset & ~3) != _accessCapability + AccessData || !TryDecodeAccessLocked(out target, out targetWidth))
                return;
            data = Configuration.ReadUInt32(_accessCapability + AccessData);
        }

        Write(target, targetWidth, data & (uint)(ulong.MaxValue >> (64 - (8 * (int)targetWidth))));
    }

    private static PciIdentity IdentityOf(VirtioDevice? device)
    {
        ArgumentNullException.ThrowIfNull(device);
        ushort id = (ushort)(ModernDeviceBase + device.Identity.DeviceType);
        return new PciIdentity(RedHat, id, 1, device.Identity.ClassCode, InterruptPinA)
        {
            SubsystemVendorId = RedHat,
            SubsystemId = Subsystem,
        };
    }

    private int AddMsixCapability()
    {
        Span<byte> body = stackalloc byte[MsixTable.CapabilityBodyLength];
        BinaryPrimitives.WriteUInt32LittleEndian(body[2..], VirtioPciLayout.MsixEntries | VirtioPciLayout.BarIndex);
        BinaryPrimitives.WriteUInt32LittleEndian(body[6..], VirtioPciLayout.MsixPending | VirtioPciLayout.BarIndex);
        int capability = AddCapability(PciRegisters.CapabilityMsix, body);
        Configuration.DefineUInt16(capability + 2, _msix.ControlPowerOn, MsixTable.ControlWritable);
        return capability;
    }

    private void AddStructure(byte type, uint offset, uint length, uint? multiplier = null)
    {
        Span<byte> body = stackalloc byte[CapabilityBody + sizeof(uint)];
        body = multiplier is null ? body[..CapabilityBody] : body;
        body[0] = (byte)(body.Length + 2);
        body[1] = type;
        body[2] = VirtioPciLayout.BarIndex;
        BinaryPrimitives.WriteUInt32LittleEndian(body[6..], offset);
        BinaryPrimitives.WriteUInt32LittleEndian(body[10..], length);
        if (multiplier is { } bytes)
            BinaryPrimitives.WriteUInt32LittleEndian(body[14..], bytes);
        AddCapability(PciRegisters.CapabilityVendor, body);
    }

    private int AddAccessCapability()
    {
        Span<byte> body = stackalloc byte[CapabilityBody + sizeof(uint)];
        body[0] = (byte)(body.Length + 2);
        body[1] = VirtioPciLayout.TypeConfigurationAccess;
        int capability = AddCapability(PciRegisters.CapabilityVendor, body);
        Configuration.Define(capability + AccessBar, 0, 0xFF);
        Configuration.DefineUInt32(capability + AccessOffset, 0, uint.MaxValue);
        Configuration.DefineUInt32(capability + AccessLength, 0, uint.MaxValue);
        Configuration.DefineUInt32(capability + AccessData, 0, uint.MaxValue);
        return capability;
    }

    private bool TryDecodeAccessLocked(out uint offset, out AccessWidth width)
    {
        byte bar = (byte)Configuration.Read(_accessCapability + AccessBar, AccessWidth.Byte);
        uint length = Configuration.ReadUInt32(_accessCapability + AccessLength);
        offset = Configuration.ReadUInt32(_accessCapability + AccessOffset);
        width = (AccessWidth)length;
        return bar == VirtioPciLayout.BarIndex && length is 1 or 2 or 4 && offset % length == 0 && offset < VirtioPciLayout.BarLength;
    }

    private ulong ReadDeviceLocked(uint offset, AccessWidth width)
    {
        ReadOnlySpan<byte> bytes = _device.ConfigurationBytes;
        ulong value = 0;
        for (int i = 0; i < (int)width && offset + i < bytes.Length; i++)
            value |= (ulong)bytes[(int)offset + i] << (8 * i);
        return value;
    }

    private void RaiseLocked(uint cause)
    {
        _interruptStatus |= cause;
        FollowInterruptStatusLocked();
    }

    private uint TakeInterruptStatusLocked()
    {
        uint status = _interruptStatus;
        _interruptStatus = 0;
        FollowInterruptStatusLocked();
        return status;
    }

    private void FollowInterruptStatusLocked() => SetInterruptLocked(_interruptStatus != 0 && !_msix.IsEnabled);
}
