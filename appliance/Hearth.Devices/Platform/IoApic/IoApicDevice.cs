using System.Numerics;
using Hearth.Devices.Platform.LocalApic;
using Hearth.Machine;

namespace Hearth.Devices.Platform.IoApic;

/// <summary>The I/O APIC: 24 pins, each sent as a message to local APICs by its redirection entry (82093AA data sheet).</summary>
/// <remarks>
/// Lock order: device, wire, this, local APIC. What processors tell comes without the local APIC's
/// lock. The polarity bit of an entry is kept
/// but means nothing: a wire of this machine is asserted or not.
/// </remarks>
public sealed class IoApicDevice : IMachineDevice, IBusDevice, IInterruptInputs, IProcessorSink
{
    /// <summary>Where the PC architecture has it.</summary>
    public const ulong Address = 0xFEC0_0000;

    /// <summary>Bytes that the registers take of memory space.</summary>
    public const ulong Length = 0x1000;

    public const int PinCount = 24;

    private const byte StateVersion = 2;

    private readonly Lock _lock = new();
    private readonly IApicBus _bus;
    private readonly IDeviceLog _log;
    private readonly RedirectionEntry[] _table = new RedirectionEntry[PinCount];

    // Edges that wait until the one before them is accepted, by pin.
    private readonly int[] _owed = new int[PinCount];

    // The pins that are owed any. Written under the lock; read without it, for every interrupt that a processor accepts.
    private volatile uint _owing;

    private uint _pins;
    private uint _id;
    private byte _index;

    public IoApicDevice(IAddressSpace memory, IApicBus bus, IDeviceLog log)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(bus);
        _bus = bus;
        _log = log;
        bus.Connect(this);
        Reset();
        memory.Map(new AddressRange(Address, Length), this);
    }

    public string Name => "ioapic";

    public void SetPin(int pin, bool asserted)
    {
        if ((uint)pin >= PinCount)
            return;
        lock (_lock)
        {
            uint bit = 1u << pin;
            bool rises = asserted && (_pins & bit) == 0;
            _pins = asserted ? _pins | bit : _pins & ~bit;

            // An edge on a masked pin is lost (82093AA data sheet, section 3.2.4, interrupt mask); a level waits.
            if (rises)
                ServiceLocked(pin);
        }
    }

    public void Pulse(int pin, int edges, int limit)
    {
        if ((uint)pin >= PinCount)
            return;
        lock (_lock)
        {
            if (_table[pin].IsMasked)
            {
                OweLocked(pin, Math.Max(_owed[pin] - edges, 0));
            }
            else if (_table[pin].IsLevel)
            {
                OweLocked(pin, 0);
                ServiceLocked(pin);
            }
            else
            {
                OweLocked(pin, Math.Min(_owed[pin] + edges, limit));
                SendOwedLocked(pin);
            }
        }
    }

    public void Cancel(int pin)
    {
        if ((uint)pin >= PinCount)
            return;
        lock (_lock)
            OweLocked(pin, 0);
    }

    public void Accepted(byte vector)
    {
        // A debt is noted before its edge is sent, so whoever accepts that edge sees it.
        if (_owing == 0)
            return;
        lock (_lock)
        {
            for (uint pins = _owing; pins != 0; pins &= pins - 1)
            {
                int pin = BitOperations.TrailingZeroCount(pins);
                RedirectionEntry entry = _table[pin];
                if (entry.Vector == vector && !entry.IsMasked && !entry.IsLevel)
                    SendOwedLocked(pin);
            }
        }
    }

    public void EndOfInterrupt(byte vector)
    {
        lock (_lock)
        {
            for (int pin = 0; pin < PinCount; pin++)
            {
                RedirectionEntry entry = _table[pin];
                if (!entry.RemoteIrr || entry.Vector != vector)
                    continue;
                _table[pin] = entry.WithRemoteIrr(false);
                ServiceLevelLocked(pin);
            }
        }
    }

    public ulong Read(ulong offset, AccessWidth width)
    {
        lock (_lock)
        {
            return offset switch
            {
                IoApicRegisters.Select => _index,
                IoApicRegisters.Window => ReadIndexedLocked(),
                _ => 0,
            };
        }
    }

    public void Write(ulong offset, AccessWidth width, ulong value)
    {
        switch (offset)
        {
            case IoApicRegisters.Select:
                lock (_lock)
                    _index = (byte)value;
                break;
            case IoApicRegisters.Window when width >= AccessWidth.Dword:
                lock (_lock)
                    WriteIndexedLocked((uint)value);
                break;
            case IoApicRegisters.EndOfInterrupt:
                EndOfInterrupt((byte)value);
                break;
            default:
                _log.GuestError(Name, "a write to no register, or to the window with less than 32 bits", offset);
                break;
        }
    }

    public void Reset()
    {
        lock (_lock)
        {
            for (int pin = 0; pin < PinCount; pin++)
            {
                SetEntryLocked(pin, RedirectionEntry.PowerOn);
                OweLocked(pin, 0);
            }

            _id = 0;
            _index = 0;
        }
    }

    public void Save(IStateWriter to)
    {
        lock (_lock)
        {
            to.WriteVersion(StateVersion);
            to.WriteByte(_index);
            to.WriteUInt32(_id);
            to.WriteUInt32(_pins);
            foreach (RedirectionEntry entry in _table)
                to.WriteUInt64(entry.Value);
            foreach (int owed in _owed)
                to.WriteUInt16((ushort)owed);
        }
    }

    public void Restore(IStateReader from)
    {
        lock (_lock)
        {
            from.ReadVersion(Name, StateVersion);
            _index = from.ReadByte();
            _id = from.ReadUInt32() & IoApicRegisters.IdMask;
            _pins = from.ReadUInt32();
            for (int pin = 0; pin < PinCount; pin++)
                SetEntryLocked(pin, new RedirectionEntry(from.ReadUInt64()));
            for (int pin = 0; pin < PinCount; pin++)
                OweLocked(pin, from.ReadUInt16());
        }
    }

    private uint ReadIndexedLocked()
    {
        if (TryGetPin(out int pin))
            return (uint)(_table[pin].Value >> ((_index & 1) * 32));
        return _index switch
        {
            IoApicRegisters.IndexId or IoApicRegisters.IndexArbitration => _id,
            IoApicRegisters.IndexVersion => IoApicRegisters.VersionValue,
            _ => 0,
        };
    }

    private void WriteIndexedLocked(uint value)
    {
        if (TryGetPin(out int pin))
        {
            ulong old = _table[pin].Value;
            ulong written = (_index & 1) == 0 ? (old & ~(ulong)uint.MaxValue) | value : (uint)old | ((ulong)value << 32);
            SetEntryLocked(pin, _table[pin].Written(written));
            ServiceLevelLocked(pin);
        }
        else if (_index == IoApicRegisters.IndexId)
        {
            _id = value & IoApicRegisters.IdMask;
        }
    }

    private void SetEntryLocked(int pin, RedirectionEntry entry)
    {
        _table[pin] = entry;
        _bus.Route(pin, entry.ToMessage());
    }

    private bool TryGetPin(out int pin)
    {
        pin = (_index - IoApicRegisters.IndexTable) >> 1;
        return pin is >= 0 and < PinCount;
    }

    private void ServiceLevelLocked(int pin)
    {
        if (_table[pin].IsLevel && (_pins & (1u << pin)) != 0)
            ServiceLocked(pin);
    }

    private void ServiceLocked(int pin)
    {
        RedirectionEntry entry = _table[pin];
        if (entry.IsMasked || entry.RemoteIrr)
            return;

        // Remote IRR is set only when somebody took the message: otherwise no EOI would ever clear it.
        if (_bus.Deliver(entry.ToMessage()) != MessageOutcome.Refused && entry.IsLevel)
            _table[pin] = entry.WithRemoteIrr(true);
    }

    private void OweLocked(int pin, int edges)
    {
        _owed[pin] = edges;
        uint bit = 1u << pin;
        _owing = edges > 0 ? _owing | bit : _owing & ~bit;
    }

    /// <summary>Sends one of the owed edges; it stays owed while an earlier one waits in a local APIC.</summary>
    private void SendOwedLocked(int pin)
    {
        switch (_bus.DeliverCounted(pin, _table[pin].ToMessage()))
        {
            case MessageOutcome.Taken:
                OweLocked(pin, _owed[pin] - 1);
                break;
            case MessageOutcome.Refused:
                OweLocked(pin, 0); // Nobody is there who would ever accept them.
                break;
        }
    }
}
