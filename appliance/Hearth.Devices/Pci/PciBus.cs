using Hearth.Machine;

namespace Hearth.Devices.Pci;

/// <summary>
/// PCI bus 0 and the host bridge's configuration mechanism #1 (PCI Local Bus 3.0, section 3.2.2.3.2): the guest writes bus,
/// slot, function and register to port 0xCF8 and reaches the register through port 0xCFC.
/// </summary>
public sealed class PciBus : IMachineDevice, IBusDevice
{
    public const int SlotCount = 32;
    public const int FunctionCount = 8;

    private const byte StateVersion = 1;
    private const ulong FirstPort = 0xCF8;
    private const ulong PortCount = 8;
    private const ulong DataOffset = 4;
    private const ulong ResetControlOffset = 1;
    private const uint Enable = 1U << 31;
    private const uint AddressWritable = 0x80FF_FFFC;

    private readonly Lock _sync = new();
    private readonly PciFunction?[] _functions = new PciFunction?[SlotCount * FunctionCount];
    private readonly IBusDevice? _resetControl;
    private uint _address;

    /// <param name="resetControl">
    /// The reset control register, port 0xCF9, which lies inside the address register's dword: bytes written there are its
    /// own, only whole dwords are the address.
    /// </param>
    public PciBus(DeviceContext context, IBusDevice? resetControl)
    {
        ArgumentNullException.ThrowIfNull(context);
        _resetControl = resetControl;
        Router = new PciInterruptRouter(context);
        context.Ports.Map(new AddressRange(FirstPort, PortCount), this);
    }

    public string Name => "pci";

    /// <summary>The functions on the bus, in the order of slot and function.</summary>
    public IEnumerable<PciFunction> Functions => _functions.OfType<PciFunction>();

    internal PciInterruptRouter Router { get; }

    /// <summary>Plugs in a function; while the machine is built.</summary>
    /// <param name="slot">0 to 31.</param>
    /// <param name="function">0 to 7; a slot's other functions are found only if it has a function 0.</param>
    /// <exception cref="MachineException">The place is taken.</exception>
    public void Add(PciFunction device, int slot, int function = 0)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)slot, (uint)SlotCount);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)function, (uint)FunctionCount);
        ref PciFunction? place = ref _functions[(slot * FunctionCount) + function];
        if (place is not null)
            throw new MachineException($"PCI slot {slot:x2}.{function} holds {place.Name} already; {device.Name} does not fit.");
        place = device;
        byte pin = device.Identity.InterruptPin;
        device.AttachTo(pin == 0 ? null : Router.Connect(slot, pin));
        PciFunction?[] slotFunctions = _functions[(slot * FunctionCount)..((slot + 1) * FunctionCount)];
        if (slotFunctions.Skip(1).Any(f => f is not null))
            slotFunctions[0]?.DefineMultifunction();
    }

    /// <summary>The first free slot from <paramref name="first"/> on.</summary>
    /// <exception cref="MachineException">Every slot is taken.</exception>
    public int FreeSlot(int first = 2)
    {
        for (int slot = first; slot < SlotCount; slot++)
        {
            if (_functions[slot * FunctionCount] is null)
                return slot;
        }

        throw new MachineException("Every PCI slot is taken.");
    }

    /// <summary>The function in a place, or null.</summary>
    public PciFunction? Find(int slot, int function) => _functions[(slot * FunctionCount) + function];

    public ulong Read(ulong offset, AccessWidth width)
    {
        if (offset >= DataOffset)
            return Target(out int register) is { } target ? target.ReadConfiguration(register | (int)(offset & 3), width) : ulong.MaxValue;
        if (offset == 0 && width == AccessWidth.Dword)
            return Volatile.Read(ref _address);
        return offset == ResetControlOffset && width == AccessWidth.Byte && _resetControl is not null
            ? _resetControl.Read(0, width)
            : ulong.MaxValue;
    }

    public void Write(ulong offset, AccessWidth width, ulong value)
    {
        if (offset >= DataOffset)
            Target(out int register)?.WriteConfiguration(register | (int)(offset & 3), width, (uint)value);
        else if (offset == 0 && width == AccessWidth.Dword)
            Volatile.Write(ref _address, (uint)value & AddressWritable);
        else if (offset == ResetControlOffset && width == AccessWidth.Byte)
            _resetControl?.Write(0, width, value);
    }

    public void Reset()
    {
        lock (_sync)
            _address = 0;
    }

    public void Save(IStateWriter to)
    {
        ArgumentNullException.ThrowIfNull(to);
        lock (_sync)
        {
            to.WriteVersion(StateVersion);
            to.WriteUInt32(_address);
        }
    }

    public void Restore(IStateReader from)
    {
        ArgumentNullException.ThrowIfNull(from);
        lock (_sync)
        {
            from.ReadVersion(Name, StateVersion);
            _address = from.ReadUInt32() & AddressWritable;
        }
    }

    /// <summary>The function and the dword that the address register selects. A single word: read without the lock.</summary>
    private PciFunction? Target(out int register)
    {
        uint address = Volatile.Read(ref _address);
        register = (int)(address & 0xFC);
        uint bus = (address >> 16) & 0xFF;
        return (address & Enable) != 0 && bus == 0 ? _functions[(address >> 8) & 0xFF] : null;
    }
}
