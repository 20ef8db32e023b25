using Hearth.Machine;

namespace Hearth.Devices.Pci;

/// <summary>
/// A function on the PCI bus: its configuration space with a type 0 header, base address registers, capabilities and INTx
/// (PCI Local Bus 3.0, chapter 6).
/// </summary>
public abstract class PciFunction : IMachineDevice
{
    private const byte StateVersion = 1;

    private readonly DeviceContext _context;
    private readonly List<PciBar> _bars = [];
    private PciRom? _rom;
    private IInterruptLine? _interruptWire;
    private int _lastCapability = PciRegisters.CapabilitiesPointer - 1;
    private int _nextCapability = PciRegisters.HeaderLength;
    private bool _interruptPending;

    /// <param name="name">The name of its section in a saved state.</param>
    /// <param name="sync">The device's lock; it is held in every method that ends in Locked.</param>
    protected PciFunction(string name, PciIdentity identity, DeviceContext context, Lock sync)
    {
        ArgumentNullException.ThrowIfNull(context);
        Name = name;
        Identity = identity;
        Sync = sync;
        _context = context;
        DefineHeader();
    }

    public string Name { get; }

    public PciIdentity Identity { get; }

    public IReadOnlyList<PciBar> Bars => _bars;

    /// <summary>The device's private lock.</summary>
    protected Lock Sync { get; }

    protected PciConfigurationSpace Configuration { get; } = new();

    /// <summary>Reads configuration space as a guest does.</summary>
    /// <param name="offset">Bytes, 0 to 255; the access does not cross a dword.</param>
    public uint ReadConfiguration(int offset, AccessWidth width)
    {
        lock (Sync)
        {
            BeforeConfigurationReadLocked(offset, width);
            uint value = Configuration.Read(offset, width);

            // Bit 3 of Status is the one bit of the header that follows the device.
            if (_interruptPending && (offset & ~3) == PciRegisters.Command)
                value |= ((uint)PciRegisters.StatusInterrupt << 16) >> (8 * (offset & 3));
            return value & (uint)(ulong.MaxValue >> (64 - (8 * (int)width)));
        }
    }

    /// <inheritdoc cref="ReadConfiguration"/>
    public void WriteConfiguration(int offset, AccessWidth width, uint value)
    {
        lock (Sync)
        {
            Configuration.Write(offset, width, value);
            if (offset < PciRegisters.HeaderLength)
                FollowHeaderLocked();
        }

        ConfigurationWritten(offset, width);
    }

    public void Reset()
    {
        BringToRest();
        lock (Sync)
        {
            Configuration.Reset();
            _interruptPending = false;
            ResetLocked();
            FollowHeaderLocked();
        }
    }

    public void Save(IStateWriter to)
    {
        ArgumentNullException.ThrowIfNull(to);
        BringToRest();
        lock (Sync)
        {
            to.WriteVersion(StateVersion);
            Configuration.Save(to);
            to.WriteBoolean(_interruptPending);
            SaveLocked(to);
        }
    }

    public void Restore(IStateReader from)
    {
        ArgumentNullException.ThrowIfNull(from);
        BringToRest();
        lock (Sync)
        {
            from.ReadVersion(Name, StateVersion);
            Configuration.Restore(from);
            _interruptPending = from.ReadBoolean();
            RestoreLocked(from);
            FollowHeaderLocked();
        }
    }

    internal void AttachTo(IInterruptLine? interruptWire) => _interruptWire = interruptWire;

    internal void DefineMultifunction() =>
        Configuration.Define(PciRegisters.HeaderType, PciRegisters.HeaderMultifunction);

    /// <summary>Adds a base address register; while the machine is built.</summary>
    /// <param name="memory">What the guest finds there without asking the device; null for registers.</param>
    protected void AddBar(int index, PciBarKind kind, ulong size, IBusDevice device, IDeviceMemory? memory = null)
    {
        var bar = new PciBar(index, kind, size, kind == PciBarKind.Io ? _context.Ports : _context.Memory, device, memory);
        bar.Define(Configuration);
        _bars.Add(bar);
    }

    /// <summary>Adds the expansion ROM; while the machine is built.</summary>
    /// <param name="image">Not empty.</param>
    protected void AddRom(ReadOnlyMemory<byte> image)
    {
        _rom = new PciRom(image, _context.Memory);
        _rom.Define(Configuration);
    }

    /// <summary>Adds a capability to the end of the list (PCI 3.0, section 6.7); while the machine is built.</summary>
    /// <param name="body">What follows the id and the link.</param>
    /// <returns>The capability's offset.</returns>
    protected int AddCapability(byte id, ReadOnlySpan<byte> body) => AddCapability(id, body, _nextCapability);

    /// <param name="offset">Where it is to be, behind all others: a multiple of 4.</param>
    /// <inheritdoc cref="AddCapability(byte, ReadOnlySpan{byte})"/>
    protected int AddCapability(byte id, ReadOnlySpan<byte> body, int offset)
    {
        Configuration.Define(_lastCapability + 1, (byte)offset);
        Configuration.Define(offset, id);
        for (int i = 0; i < body.Length; i++)
            Configuration.Define(offset + 2 + i, body[i]);
        Configuration.DefineUInt16(PciRegisters.Status, PciRegisters.StatusCapabilities);
        _lastCapability = offset;
        _nextCapability = (offset + 2 + body.Length + 3) & ~3;
        return offset;
    }

    /// <summary>Drives INTx; the guest may have cut it off in the command register.</summary>
    protected void SetInterruptLocked(bool asserted)
    {
        if (_interruptPending == asserted)
            return;
        _interruptPending = asserted;
        DriveInterruptLocked();
    }

    /// <summary>Waits, without the lock, until nothing of the device is under way; before reset, save and restore.</summary>
    protected virtual void BringToRest()
    {
    }

    protected virtual void BeforeConfigurationReadLocked(int offset, AccessWidth width)
    {
    }

    /// <summary>The guest wrote a register. Called without the lock, because what follows may reach a backend.</summary>
    protected virtual void ConfigurationWritten(int offset, AccessWidth width)
    {
    }

    protected virtual void ResetLocked()
    {
    }

    protected virtual void SaveLocked(IStateWriter to)
    {
    }

    protected virtual void RestoreLocked(IStateReader from)
    {
    }

    private void FollowHeaderLocked()
    {
        foreach (PciBar bar in _bars)
            bar.Update(Configuration);
        _rom?.Update(Configuration);
        DriveInterruptLocked();
    }

    private void DriveInterruptLocked()
    {
        bool enabled = (Configuration.ReadUInt16(PciRegisters.Command) & PciRegisters.CommandInterruptDisable) == 0;
        _interruptWire?.Set(_interruptPending && enabled);
    }

    private void DefineHeader()
    {
        Configuration.DefineUInt16(PciRegisters.VendorId, Identity.VendorId);
        Configuration.DefineUInt16(PciRegisters.DeviceId, Identity.DeviceId);
        Configuration.DefineUInt16(PciRegisters.Command, 0, PciRegisters.CommandWritable);
        Configuration.Define(PciRegisters.RevisionId, Identity.Revision);
        Configuration.Define(PciRegisters.ProgrammingInterface, (byte)Identity.ClassCode);
        Configuration.Define(PciRegisters.Subclass, (byte)(Identity.ClassCode >> 8));
        Configuration.Define(PciRegisters.BaseClass, (byte)(Identity.ClassCode >> 16));
        Configuration.Define(PciRegisters.CacheLineSize, 0, 0xFF);
        Configuration.Define(PciRegisters.LatencyTimer, 0, 0xFF);
        Configuration.DefineUInt16(PciRegisters.SubsystemVendorId, Identity.SubsystemVendorId);
        Configuration.DefineUInt16(PciRegisters.SubsystemId, Identity.SubsystemId);
        Configuration.Define(PciRegisters.InterruptLine, 0, 0xFF);
        Configuration.Define(PciRegisters.InterruptPin, Identity.InterruptPin);
    }
}
