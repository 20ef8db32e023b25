using Hearth.Machine;

namespace Hearth.Devices.Platform.Pic;

/// <summary>
/// The PC's pair of 8259A controllers, the slave on input 2 of the master, with the edge/level registers of PIIX chipsets.
/// </summary>
/// <remarks>Lock order: device, wire, this, local APIC.</remarks>
public sealed class PicDevice : IMachineDevice, IInterruptInputs, IExternalInterruptController
{
    private const byte StateVersion = 2;
    private const int InputCount = 16;
    private const int CascadeInput = 2;

    // IRQ 0, 1, 2, 8 and 13 are edge-triggered by design (82371AB data sheet, section 4.2.4).
    private const byte MasterLevelCapable = 0xF8;
    private const byte SlaveLevelCapable = 0xDE;

    private readonly Lock _lock = new();
    private readonly Pic8259 _master = new(MasterLevelCapable, isMaster: true);
    private readonly Pic8259 _slave = new(SlaveLevelCapable, isMaster: false);
    private readonly IInterruptLine _output;
    private bool _outputLevel;

    /// <param name="ports">Where ports 0x20, 0x21, 0xA0, 0xA1, 0x4D0 and 0x4D1 are mapped.</param>
    /// <param name="output">The INT output of the master, wired to LINT0 of the bootstrap processor.</param>
    public PicDevice(IAddressSpace ports, IInterruptLine output)
    {
        ArgumentNullException.ThrowIfNull(ports);
        _output = output;
        ports.Map(new AddressRange((ulong)PicPorts.Master, 2), new PicWindow(this, PicPorts.Master));
        ports.Map(new AddressRange((ulong)PicPorts.Slave, 2), new PicWindow(this, PicPorts.Slave));
        ports.Map(new AddressRange((ulong)PicPorts.EdgeLevelControl, 2), new PicWindow(this, PicPorts.EdgeLevelControl));
    }

    public string Name => "pic";

    public void SetPin(int pin, bool asserted)
    {
        if ((uint)pin >= InputCount || pin == CascadeInput)
            return;
        lock (_lock)
        {
            ChipOf(pin).SetPin(pin & 7, asserted);
            UpdateLocked();
        }
    }

    public void Pulse(int pin, int edges, int limit)
    {
        if ((uint)pin >= InputCount || pin == CascadeInput)
            return;
        lock (_lock)
        {
            ChipOf(pin).Pulse(pin & 7, edges, limit);
            UpdateLocked();
        }
    }

    public void Cancel(int pin)
    {
        if ((uint)pin >= InputCount)
            return;
        lock (_lock)
            ChipOf(pin).Cancel(pin & 7);
    }

    public int Acknowledge()
    {
        lock (_lock)
        {
            int input = _master.Acknowledge();
            int vector = _master.VectorOf(input);
            if (input == CascadeInput)
            {
                vector = _slave.VectorOf(_slave.Acknowledge());

                // INT of the slave drops during INTA; if another request waits, its new edge must reach the master.
                _master.SetPin(CascadeInput, false);
            }

            UpdateLocked();
            return vector;
        }
    }

    public void Reset()
    {
        lock (_lock)
        {
            _master.Reset();
            _slave.Reset();
            UpdateLocked();
        }
    }

    public void Save(IStateWriter to)
    {
        lock (_lock)
        {
            to.WriteVersion(StateVersion);
            _master.Save(to);
            _slave.Save(to);
        }
    }

    public void Restore(IStateReader from)
    {
        lock (_lock)
        {
            from.ReadVersion(Name, StateVersion);
            _master.Restore(from);
            _slave.Restore(from);
            _outputLevel = _master.Output;
            _output.Set(_outputLevel);
        }
    }

    internal byte Read(PicPorts window, ulong offset)
    {
        lock (_lock)
        {
            byte value = (window, offset) switch
            {
                (PicPorts.EdgeLevelControl, 0) => _master.LevelTriggered,
                (PicPorts.EdgeLevelControl, _) => _slave.LevelTriggered,
                (PicPorts.Master, _) => _master.Read(offset == 1),
                _ => _slave.Read(offset == 1),
            };
            UpdateLocked();
            return value;
        }
    }

    internal void Write(PicPorts window, ulong offset, byte value)
    {
        lock (_lock)
        {
            Pic8259 chip = window == PicPorts.Master || (window == PicPorts.EdgeLevelControl && offset == 0) ? _master : _slave;
            if (window == PicPorts.EdgeLevelControl)
                chip.LevelTriggered = value;
            else if (offset == 0)
                chip.WriteCommand(value);
            else
                chip.WriteData(value);
            UpdateLocked();
        }
    }

    private Pic8259 ChipOf(int pin) => pin < 8 ? _master : _slave;

    private void UpdateLocked()
    {
        _master.SetPin(CascadeInput, _slave.Output);
        bool level = _master.Output;
        if (level == _outputLevel)
            return;
        _outputLevel = level;
        _output.Set(level);
    }
}
