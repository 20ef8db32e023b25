using Hearth.Devices.Pci;
using Hearth.Machine;

namespace Hearth.Devices.Video.Vga;

/// <summary>
/// A VGA with Bochs's VBE extension and a linear frame buffer on the PCI bus (IBM PS/2 Hardware Interface Technical Reference; Bochs, "VBE DISPI interface";
/// QEMU's "standard VGA" for the layout of BAR 2).
/// </summary>
/// <remarks>
/// The frame buffer is device memory, which the guest writes as it writes RAM; only the window at 0xA0000, whose writes the chip changes on their way, comes here.
/// The display asks for frames when somebody looks. Whether anything changed is found by looking at it: the pages that were written, and a flag for registers.
/// The display's frame is memory, which is why it is written under the lock.
/// </remarks>
public sealed class VgaDevice : PciFunction, IDisplaySource, IDisposable
{
    private const byte StateVersion = 1;
    private const int FrameBufferBar = 0;
    private const int RegisterBar = 2;
    private const ulong RegisterLength = 0x1000;
    private const ulong WindowStart = 0xA_0000;
    private const ulong WindowLength = 0x2_0000;
    private const int SmallestMemory = 256 << 10;

    // BAR 2: EDID, the ports from 0x3C0 on, Bochs's registers, and QEMU's own ones.
    private const int PortsOffset = 0x400;
    private const int PortsLength = 0x20;
    private const ushort PortsFirst = 0x3C0;
    private const int BochsOffset = 0x500;
    private const int ExtensionOffset = 0x600;
    private const uint ExtensionLength = 8;
    private const uint LittleEndian = 0x1E1E_1E1E;

    private readonly IDisplay _display;
    private readonly IDeviceMemory _memory;
    private readonly IVirtualClock _clock;
    private readonly VgaState _state = new();
    private readonly VgaPorts _ports;
    private readonly VgaPlanes _planes;
    private readonly BochsRegisters _bochs;
    private readonly VgaPicture _vgaPicture;
    private readonly BochsPicture _bochsPicture;
    private readonly PageSet _written;
    private readonly byte[] _edid = new byte[Edid.Length];
    private readonly byte[] _page = new byte[PageSet.PageSize];
    private DisplaySize _edidSize;

    // Registers changed since the last frame.
    private bool _isChanged = true;

    /// <param name="display">Its first screen is used, by this device alone.</param>
    /// <param name="memory">The frame buffer, a power of two of at least 256 KiB.</param>
    /// <param name="firmware">The VGA BIOS, for the expansion ROM; empty for none.</param>
    public VgaDevice(IDisplay display, IDeviceMemory memory, ReadOnlyMemory<byte> firmware, DeviceContext context)
        : base("vga", new PciIdentity(0x1234, 0x1111, 2, 0x030000, 0) { SubsystemVendorId = 0x1AF4, SubsystemId = 0x1100 }, context, new Lock())
    {
        ArgumentNullException.ThrowIfNull(display);
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(context);
        if (memory.Length < SmallestMemory)
            throw new MachineException($"A VGA has at least {SmallestMemory} bytes of memory, not {memory.Length}.");
        _display = display;
        _memory = memory;
        _clock = context.Clock;
        _ports = new VgaPorts(_state, context.Clock);
        _planes = new VgaPlanes(_state, memory);
        _bochs = new BochsRegisters(memory.Length);
        _vgaPicture = new VgaPicture(_state, memory);
        _bochsPicture = new BochsPicture(_bochs, _state, memory);
        _written = new PageSet(memory.Length / PageSet.PageSize);
        AddBar(FrameBufferBar, PciBarKind.PrefetchableMemory32, (ulong)memory.Length, new FrameBuffer(this), memory);
        AddBar(RegisterBar, PciBarKind.Memory32, RegisterLength, new Registers(this));
        if (!firmware.IsEmpty)
            AddRom(firmware);
        context.Memory.Map(new AddressRange(WindowStart, WindowLength), new Window(this));
        context.Ports.Map(new AddressRange(VgaRegisters.FirstPort, VgaRegisters.PortCount), new Ports(this));
        context.Ports.Map(new AddressRange(BochsPorts.FirstPort, BochsPorts.PortCount), new BochsPorts(this));
        display.Connect(this);
    }

    internal ushort BochsIndex { get; set; }

    public void Refresh()
    {
        _written.Clear();

        // Without the lock: a vCPU that waits for it could not step out of the guest's code.
        _memory.TakeWritten(_written);
        IScanout screen = _display.Scanout(0);
        lock (Sync)
        {
            if (_bochs.IsOn)
                _bochsPicture.Show(screen, _written, _isChanged);
            else
                _vgaPicture.Show(screen, _isChanged || _written.Words.ContainsAnyExcept(0UL), _clock.Now);
            _isChanged = false;
        }

        // Nobody tells when memory is written: the next frame looks again.
        _display.RequestRefresh();
    }

    /// <summary>A driver that reads the EDID again finds it; there is no way to tell it.</summary>
    public void WishChanged()
    {
    }

    /// <summary>The display lets go of the device's memory, which may go then.</summary>
    public void Dispose() => _display.Disconnect();

    internal ushort ReadBochs(int index)
    {
        lock (Sync)
            return _bochs.Read(index);
    }

    internal void WriteBochs(int index, ushort value)
    {
        lock (Sync)
        {
            if (_bochs.Write(index, value))
                _memory.Clear();
            FollowBochsLocked();
            _isChanged = true;
        }
    }

    protected override void ResetLocked()
    {
        _state.Reset();
        _bochs.Reset();
        BochsIndex = 0;
        _memory.Clear();
        FollowBochsLocked();
        _isChanged = true;
        _display.RequestRefresh();
    }

    protected override void SaveLocked(IStateWriter to)
    {
        to.WriteVersion(StateVersion);
        _state.Save(to);
        _bochs.Save(to);
        to.WriteUInt16(BochsIndex);
        for (int page = 0; _memory.TryFindUsed(ref page); page++)
        {
            _memory.Read(page * PageSet.PageSize, _page);
            if (!_page.AsSpan().ContainsAnyExcept((byte)0))
                continue;
            to.WriteUInt32((uint)page);
            to.WriteBytes(_page);
        }

        to.WriteUInt32((uint)_written.Length);
    }

    protected override void RestoreLocked(IStateReader from)
    {
        from.ReadVersion(Name, StateVersion);
        _state.Restore(from);
        _bochs.Restore(from);
        BochsIndex = from.ReadUInt16();
        _memory.Clear();
        uint page;
        while ((page = from.ReadUInt32()) < _written.Length)
        {
            from.ReadBytes(_page);
            _memory.Write((int)page * PageSet.PageSize, _page);
        }

        FollowBochsLocked();
        _isChanged = true;
        _display.RequestRefresh();
    }

    private void FollowBochsLocked()
    {
        _planes.Bank = _bochs.BankOffset;
        _planes.IsPacked = _bochs.IsOn && _bochs.BitsPerPixel > 4;
        _ports.HasOwnClock = _bochs.IsOn;
        if (_state.Dac.IsWide != _bochs.HasWideDac)
            _state.Dac.IsWide = _bochs.HasWideDac;
    }

    private ulong ReadPorts(ushort port, AccessWidth width)
    {
        ulong value = 0;
        lock (Sync)
        {
            for (int i = 0; i < (int)width; i++)
                value |= (ulong)_ports.Read((ushort)(port + i)) << (8 * i);
        }

        return value;
    }

    private void WritePorts(ushort port, AccessWidth width, ulong value)
    {
        lock (Sync)
        {
            for (int i = 0; i < (int)width; i++)
                _ports.Write((ushort)(port + i), (byte)(value >> (8 * i)));
            _isChanged = true;
        }
    }

    private byte ReadEdidLocked(int offset)
    {
        DisplaySize wish = _display.Scanout(0).Wish;
        if (wish.IsNothing || offset >= Edid.Length)
            return 0;
        if (wish != _edidSize)
            Edid.Write(_edid, wish, 0);
        _edidSize = wish;
        return _edid[offset];
    }

    private ulong ReadEdid(int offset, AccessWidth width)
    {
        ulong value = 0;
        lock (Sync)
        {
            for (int i = 0; i < (int)width; i++)
                value |= (ulong)ReadEdidLocked(offset + i) << (8 * i);
        }

        return value;
    }

    private sealed class Ports(VgaDevice device) : IBusDevice
    {
        public ulong Read(ulong offset, AccessWidth width) => device.ReadPorts((ushort)(VgaRegisters.FirstPort + offset), width);

        public void Write(ulong offset, AccessWidth width, ulong value) => device.WritePorts((ushort)(VgaRegisters.FirstPort + offset), width, value);
    }

    private sealed class Window(VgaDevice device) : IBusDevice
    {
        public ulong Read(ulong offset, AccessWidth width)
        {
            ulong value = 0;
            lock (device.Sync)
            {
                for (int i = 0; i < (int)width; i++)
                    value |= (ulong)device._planes.Read((int)offset + i) << (8 * i);
            }

            return value;
        }

        public void Write(ulong offset, AccessWidth width, ulong value)
        {
            lock (device.Sync)
            {
                for (int i = 0; i < (int)width; i++)
                    device._planes.Write((int)offset + i, (byte)(value >> (8 * i)));
            }
        }
    }

    /// <summary>The frame buffer where it is not mapped as memory: at addresses that belong to RAM or the board.</summary>
    private sealed class FrameBuffer(VgaDevice device) : IBusDevice
    {
        public ulong Read(ulong offset, AccessWidth width)
        {
            ulong value = 0;
            for (int i = 0; i < (int)width; i++)
                value |= (ulong)device._memory.ReadByte((int)offset + i) << (8 * i);
            return value;
        }

        public void Write(ulong offset, AccessWidth width, ulong value)
        {
            for (int i = 0; i < (int)width; i++)
                device._memory.WriteByte((int)offset + i, (byte)(value >> (8 * i)));
        }
    }

    private sealed class Registers(VgaDevice device) : IBusDevice
    {
        public ulong Read(ulong offset, AccessWidth width)
        {
            int at = (int)offset;
            if (at is >= PortsOffset and < PortsOffset + PortsLength)
                return device.ReadPorts((ushort)(PortsFirst + at - PortsOffset), width);
            if (at is >= BochsOffset and < BochsOffset + (2 * BochsRegisters.Count))
                return device.ReadBochs((at - BochsOffset) / 2);
            return at switch
            {
                ExtensionOffset => ExtensionLength,
                ExtensionOffset + 4 => LittleEndian,
                < PortsOffset => device.ReadEdid(at, width),
                _ => 0,
            };
        }

        public void Write(ulong offset, AccessWidth width, ulong value)
        {
            int at = (int)offset;
            if (at is >= PortsOffset and < PortsOffset + PortsLength)
                device.WritePorts((ushort)(PortsFirst + at - PortsOffset), width, value);
            else if (at is >= BochsOffset and < BochsOffset + (2 * BochsRegisters.Count) && at % 2 == 0)
                device.WriteBochs((at - BochsOffset) / 2, (ushort)value);
        }
    }
}
