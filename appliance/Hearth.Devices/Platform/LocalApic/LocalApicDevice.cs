using Hearth.Machine;

namespace Hearth.Devices.Platform.LocalApic;

/// <summary>
/// A processor's local APIC (Intel SDM Vol. 3, chapter 11): xAPIC by memory-mapped registers, x2APIC by MSRs, the timer, the
/// local interrupts and interprocessor interrupts.
/// </summary>
/// <remarks>
/// Its page is mapped per processor, so it does not map itself: the processor's bus calls <see cref="Read"/> and
/// <see cref="Write"/> when <see cref="IsPageAt"/> says so. Lock order: device, wire, IOAPIC or PIC, this, vCPU signal. IPIs
/// and EOIs leave without the lock, because they end in other APICs and in the IOAPIC.
/// </remarks>
public sealed class LocalApicDevice : ILocalApic, IMachineDevice, IBusDevice
{
    /// <summary>The timer's input clock, as CPUID leaf 15H would tell it: the timer counts this through its divider.</summary>
    public const uint BusFrequency = 1_000_000_000;

    /// <summary>Bytes of the register page.</summary>
    public const ulong PageLength = 0x1000;

    private readonly Lock _lock = new();
    private readonly LocalApicConfiguration _configuration;
    private readonly ApicBus _bus;
    private readonly IVcpuSignals _signals;
    private readonly IDeviceLog _log;
    private readonly ApicBaseRegister _base;
    private readonly ApicRegisterFile _registers;

    private IExternalInterruptController? _external;
    private bool _lint0;
    private bool _lint1;

    // Read without the lock by the vCPU, before every piece of guest code.
    private volatile bool _hasInterrupt;

    /// <exception cref="MachineException">Another APIC on the bus has this id.</exception>
    public LocalApicDevice(
        LocalApicConfiguration configuration,
        ApicBus bus,
        IVirtualClock clock,
        ITimestampCounter counter,
        IVcpuSignals signals,
        IDeviceLog log)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        ArgumentNullException.ThrowIfNull(bus);
        ArgumentNullException.ThrowIfNull(clock);
        _configuration = configuration;
        _bus = bus;
        _signals = signals;
        _log = log;
        Name = NameOf(configuration.Id);
        _base = new ApicBaseRegister(configuration);
        _registers = new ApicRegisterFile(configuration, signals, new ApicTimer(clock, counter, OnTimer));
        Lint0 = new ApicInput(this, ApicRegisters.LvtLint0);
        Lint1 = new ApicInput(this, ApicRegisters.LvtLint1);
        Reset();
        bus.Add(this);
    }

    public string Name { get; }

    public byte Id => _configuration.Id;

    /// <summary>What the local APIC of a vCPU is called in saved states, whoever has it.</summary>
    public static string NameOf(int index) => $"lapic{index}";

    /// <summary>The INTR pin: the PIC pair drives that of the bootstrap processor.</summary>
    public IInterruptLine Lint0 { get; }

    /// <summary>The NMI pin.</summary>
    public IInterruptLine Lint1 { get; }

    public bool HasInterrupt => _hasInterrupt;

    public ulong ApicBase => _base.Value;

    public uint TaskPriorityClass
    {
        get => (uint)_registers.Priorities.TaskPriority >> 4;
        set
        {
            lock (_lock)
            {
                _registers.Priorities.TaskPriority = (byte)(value << 4);
                UpdateLocked();
            }
        }
    }

    internal bool IsSoftwareEnabled => _base.IsEnabled && _registers.IsSoftwareEnabled;

    /// <summary>Connects the controller behind LINT0; once, before the machine runs.</summary>
    public void Connect(IExternalInterruptController external) => _external = external;

    /// <summary>True when a guest-physical address lies in this processor's register page: enabled, not in x2APIC mode, not moved away.</summary>
    public bool IsPageAt(ulong address) => _base.IsPageAt(address);

    public int Acknowledge()
    {
        int vector = -1;
        bool isExternal;
        lock (_lock)
        {
            isExternal = HasExternalLocked();
            if (!isExternal && _base.IsEnabled)
                vector = _registers.Priorities.Take();
            UpdateLocked();
        }

        // PIC and IOAPIC take their own locks, which come before this one's.
        if (isExternal)
            return _external?.Acknowledge() ?? -1;
        if (vector >= 0)
            _bus.Accepted((byte)vector);
        return vector;
    }

    /// <summary>Reads a register of the page; registers are 32 bits wide and 16 bytes apart.</summary>
    public ulong Read(ulong offset, AccessWidth width)
    {
        uint register = (uint)(offset % PageLength) & ~(ApicRegisters.Stride - 1);
        int byteInRegister = (int)(offset % ApicRegisters.Stride);
        if (byteInRegister >= sizeof(uint))
            return 0;
        lock (_lock)
        {
            if (_registers.TryRead(register, false, out uint value))
                return value >> (byteInRegister * 8);
        }

        RaiseError(ApicRegisters.ErrorIllegalRegister);
        return 0;
    }

    /// <summary>Writes a register of the page; only aligned 32-bit writes have an effect (Intel SDM Vol. 3, section 11.4.1).</summary>
    public void Write(ulong offset, AccessWidth width, ulong value)
    {
        uint register = (uint)(offset % PageLength);
        if (register % ApicRegisters.Stride != 0 || width < AccessWidth.Dword)
            _log.GuestError(Name, "a write that is not of 32 aligned bits", offset);
        else if (!TryWrite(register, (uint)value, false))
            RaiseError(ApicRegisters.ErrorIllegalRegister);
    }

    public bool TryReadMsr(uint msr, out ulong value)
    {
        value = ApicBase;
        if (msr == ApicRegisters.MsrApicBase)
            return true;
        lock (_lock)
        {
            if (msr == ApicRegisters.MsrTscDeadline)
            {
                value = _registers.Timer.TscDeadline;
                return _configuration.HasTscDeadline;
            }

            value = _registers.Command;
            bool isHyperV = IsHyperVMsr(msr, out uint register);
            if (!isHyperV && !IsX2ApicMsr(msr, out register))
                return false;
            if (register == ApicRegisters.InterruptCommandLow)
                return true;
            bool exists = _registers.TryRead(register, true, out uint low);
            value = low;
            return exists;
        }
    }

    public bool TryWriteMsr(uint msr, ulong value)
    {
        if (msr == ApicRegisters.MsrApicBase)
            return TryWriteBase(value);
        if (msr == ApicRegisters.MsrTscDeadline)
            return TryWriteDeadline(value);

        // Hyper-V's take any 32 bits, as the page does.
        bool isHyperV = IsHyperVMsr(msr, out uint register);
        if (!isHyperV && !IsX2ApicMsr(msr, out register))
            return false;
        if (register != ApicRegisters.InterruptCommandLow)
            return (value & ~(ulong)(isHyperV ? uint.MaxValue : _registers.DefinedBits(register))) == 0 && TryWrite(register, (uint)value, true);
        if ((value & ApicRegisters.X2ApicCommandReserved) != 0)
            return false;
        StoreAndSend(value);
        return true;
    }

    public void Reset()
    {
        lock (_lock)
        {
            _base.Reset();
            _registers.Reset();
            UpdateLocked();
        }
    }

    public void Save(IStateWriter to)
    {
        lock (_lock)
        {
            var state = new LocalApicState { Base = _base.Value, Lint0 = _lint0, Lint1 = _lint1 };
            _registers.Save(state);
            state.Save(to);
        }
    }

    public void Restore(IStateReader from)
    {
        lock (_lock)
        {
            LocalApicState state = LocalApicState.Load(Name, from);
            _base.Restore(state.Base);
            (_lint0, _lint1) = (state.Lint0, state.Lint1);
            _registers.Restore(state);
            _hasInterrupt = false;
            UpdateLocked();
        }
    }

    /// <summary>Takes a message from the bus.</summary>
    public MessageOutcome Deliver(in InterruptMessage message)
    {
        lock (_lock)
        {
            MessageOutcome outcome = _base.IsEnabled ? TakeLocked(message) : MessageOutcome.Refused;
            UpdateLocked();
            return outcome;
        }
    }

    /// <summary>True when a message is addressed to this APIC. Without the lock: a sender sees the old or the new destination.</summary>
    internal bool IsAddressedBy(in InterruptMessage message)
    {
        if (message.Destination == InterruptMessage.Broadcast)
            return true;
        if (!message.IsLogical)
            return message.Destination == Id;
        if (_base.IsX2Apic)
        {
            uint own = _registers.X2ApicLogicalDestination;
            return own >> 16 == message.Destination >> 16 && (own & message.Destination & 0xFFFF) != 0;
        }

        uint logical = _registers.LogicalDestination >> 24;
        if (_registers.DestinationFormat >> 28 == 0xF)
            return (logical & message.Destination) != 0;
        return logical >> 4 == message.Destination >> 4 && (logical & message.Destination & 0xF) != 0;
    }

    /// <summary>Drives LINT0 or LINT1.</summary>
    internal void SetInput(uint register, bool asserted)
    {
        lock (_lock)
        {
            ref bool level = ref register == ApicRegisters.LvtLint0 ? ref _lint0 : ref _lint1;
            bool rises = asserted && !level;
            level = asserted;
            if (rises && _base.IsEnabled)
                _registers.RaiseLocal(register);
            else if (rises && register == ApicRegisters.LvtLint1)
                _signals.NonMaskableInterrupt(); // A disabled APIC passes its pins through as INTR and NMI.
            UpdateLocked();
        }
    }

    private MessageOutcome TakeLocked(in InterruptMessage message)
    {
        switch (message.Mode)
        {
            case InterruptDeliveryMode.Fixed or InterruptDeliveryMode.LowestPriority:
                return _registers.IsSoftwareEnabled ? _registers.Take(message.Vector, message.IsLevel) : MessageOutcome.Refused;
            case InterruptDeliveryMode.Nmi:
                _signals.NonMaskableInterrupt();
                return MessageOutcome.Taken;
            case InterruptDeliveryMode.Init:
                _registers.Reset();
                _signals.Init();
                return MessageOutcome.Taken;
            case InterruptDeliveryMode.StartUp:
                _signals.StartUp(message.Vector);
                return MessageOutcome.Taken;
            default:
                _log.GuestError(Name, "an interrupt message of a delivery mode that is not offered", (ulong)message.Mode);
                return MessageOutcome.Refused;
        }
    }

    private bool IsX2ApicMsr(uint msr, out uint register)
    {
        register = (msr - ApicRegisters.MsrX2Apic) * ApicRegisters.Stride;
        return _base.IsX2Apic && msr is >= ApicRegisters.MsrX2Apic and < ApicRegisters.MsrX2ApicEnd;
    }

    /// <summary>
    /// Hyper-V's names of EOI, ICR and TPR, which are there in every mode (Hypervisor Top-Level Functional Specification, "Local APIC MSR Accesses"). The layout of
    /// ICR is the mode's, as KVM has it.
    /// </summary>
    private static bool IsHyperVMsr(uint msr, out uint register)
    {
        register = msr switch
        {
            ApicRegisters.MsrHyperVEndOfInterrupt => ApicRegisters.EndOfInterrupt,
            ApicRegisters.MsrHyperVInterruptCommand => ApicRegisters.InterruptCommandLow,
            ApicRegisters.MsrHyperVTaskPriority => ApicRegisters.TaskPriority,
            _ => 0,
        };
        return register != 0;
    }

    private bool TryWrite(uint register, uint value, bool byMsr)
    {
        switch (register)
        {
            case ApicRegisters.EndOfInterrupt:
                EndOfInterrupt();
                return true;
            case ApicRegisters.InterruptCommandLow:
                StoreAndSend((_registers.Command & 0xFFFF_FFFF_0000_0000) | (value & ApicRegisters.CommandWritable));
                return true;
            case ApicRegisters.SelfIpi when byMsr:
                Send(InterruptCommand.ToSelf((byte)value));
                return true;
        }

        lock (_lock)
        {
            bool exists = _registers.TryWrite(register, value, byMsr);
            UpdateLocked();
            return exists;
        }
    }

    private bool TryWriteBase(ulong value)
    {
        lock (_lock)
        {
            if (!_base.TryWrite(value))
                return false;
            if (!_base.IsEnabled)
                _registers.Reset();
            UpdateLocked();
            return true;
        }
    }

    private bool TryWriteDeadline(ulong value)
    {
        lock (_lock)
        {
            if (_registers.Timer.WriteTscDeadline(value))
                _registers.RaiseLocal(ApicRegisters.LvtTimer);
            UpdateLocked();
            return _configuration.HasTscDeadline;
        }
    }

    private void StoreAndSend(ulong value)
    {
        // The delivery status is always idle: a message is delivered before the write ends.
        ulong stored = value & ~(ulong)ApicRegisters.CommandDeliveryStatus;
        lock (_lock)
            _registers.Command = stored;
        Send(new InterruptCommand(stored, _base.IsX2Apic));
    }

    private void Send(InterruptCommand command)
    {
        if (command.IsDeassert)
            return;
        if (!command.IsOffered || (command.CarriesVector && command.Vector < ApicRegisters.FirstLegalVector))
        {
            RaiseError(ApicRegisters.ErrorSendIllegalVector);
            return;
        }

        InterruptMessage message = command.ToMessage();
        switch (command.Shorthand)
        {
            case DestinationShorthand.None:
                _bus.Deliver(message);
                break;
            case DestinationShorthand.Self:
                Deliver(message);
                break;
            default:
                _bus.DeliverToAll(message, command.Shorthand == DestinationShorthand.AllExcludingSelf ? this : null);
                break;
        }
    }

    private void EndOfInterrupt()
    {
        int levelVector;
        lock (_lock)
        {
            levelVector = _registers.Priorities.End();
            UpdateLocked();
        }

        if (levelVector >= 0)
            _bus.EndOfInterrupt((byte)levelVector);
    }

    private void RaiseError(uint error)
    {
        lock (_lock)
        {
            _registers.RaiseError(error);
            UpdateLocked();
        }
    }

    private void OnTimer()
    {
        lock (_lock)
        {
            if (_registers.Timer.Expire())
                _registers.RaiseLocal(ApicRegisters.LvtTimer);
            UpdateLocked();
        }
    }

    /// <summary>True when the PIC's request passes: LINT0 is ExtINT and open, or the APIC is switched off.</summary>
    private bool HasExternalLocked() => _lint0 && (!_base.IsEnabled || _registers.Vectors.IsExternalOpen);

    private void UpdateLocked()
    {
        bool before = _hasInterrupt;
        bool now = HasExternalLocked() || (_registers.Priorities.HasDeliverable && _base.IsEnabled);
        _hasInterrupt = now;
        if (now && !before)
            _signals.InterruptChanged();
    }
}
