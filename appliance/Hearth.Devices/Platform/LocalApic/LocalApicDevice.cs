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

    private const byte StateVersion = 1;
    private const ulong PageMask = PageLength - 1;

    private readonly Lock _lock = new();
    private readonly LocalApicConfiguration _configuration;
    private readonly ApicBus _bus;
    private readonly IVcpuSignals _signals;
    private readonly IDeviceLog _log;
    private readonly ApicPriorities _priorities = new();
    private readonly LocalVectorTable _vectors;
    private readonly ApicTimer _timer;

    private IExternalInterruptController? _external;

    // Read without the lock by the vCPU before every block of guest code, and by senders that look for a receiver.
    private volatile bool _hasInterrupt;
    private volatile uint _logicalDestination;
    private volatile uint _destinationFormat;
    private volatile uint _spuriousVector;
    private ulong _base;

    private ulong _command;
    private uint _errorStatus;

    // What the next write to ESR will show.
    private uint _errors;
    private bool _lint0;
    private bool _lint1;

    /// <exception cref="MachineException">Another APIC on the bus has this id.</exception>
    public LocalApicDevice(
        LocalApicConfiguration configuration, ApicBus bus, IVirtualClock clock, ITimestampCounter counter, IVcpuSignals signals, IDeviceLog log)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        ArgumentNullException.ThrowIfNull(bus);
        ArgumentNullException.ThrowIfNull(clock);
        _configuration = configuration;
        _bus = bus;
        _signals = signals;
        _log = log;
        Name = $"lapic{configuration.Id}";
        _vectors = new LocalVectorTable(configuration.HasTscDeadline);
        _timer = new ApicTimer(clock, counter, OnTimer);
        Lint0 = new ApicInput(this, ApicRegisters.LvtLint0);
        Lint1 = new ApicInput(this, ApicRegisters.LvtLint1);
        Reset();
        bus.Add(this);
    }

    public string Name { get; }

    public byte Id => _configuration.Id;

    /// <summary>The INTR pin: the PIC pair drives that of the bootstrap processor.</summary>
    public IInterruptLine Lint0 { get; }

    /// <summary>The NMI pin.</summary>
    public IInterruptLine Lint1 { get; }

    public bool HasInterrupt => _hasInterrupt;

    public ulong ApicBase => Volatile.Read(ref _base);

    public uint TaskPriorityClass
    {
        get => (uint)_priorities.TaskPriority >> 4;
        set
        {
            lock (_lock)
            {
                _priorities.TaskPriority = (byte)(value << 4);
                UpdateLocked();
            }
        }
    }

    internal bool IsSoftwareEnabled => IsEnabled && (_spuriousVector & ApicRegisters.SoftwareEnable) != 0;

    private bool IsEnabled => (ApicBase & ApicRegisters.BaseEnable) != 0;

    private bool IsX2Apic => (ApicBase & ApicRegisters.BaseX2Apic) != 0;

    /// <summary>Connects the controller behind LINT0; once, before the machine runs.</summary>
    public void Connect(IExternalInterruptController external) => _external = external;

    /// <summary>True when a guest-physical address lies in this processor's register page: enabled, not in x2APIC mode, not moved away.</summary>
    public bool IsPageAt(ulong address)
    {
        ulong apicBase = ApicBase;
        return (apicBase & (ApicRegisters.BaseEnable | ApicRegisters.BaseX2Apic)) == ApicRegisters.BaseEnable
            && (address ^ apicBase) <= PageMask;
    }

    public int Acknowledge()
    {
        lock (_lock)
        {
            if (!HasExternalLocked())
            {
                int vector = IsEnabled ? _priorities.Take() : -1;
                UpdateLocked();
                return vector;
            }
        }

        // The PIC takes its own lock, which comes before this one's.
        return _external?.Acknowledge() ?? -1;
    }

    /// <summary>Reads a register of the page; registers are 32 bits wide and 16 bytes apart.</summary>
    public ulong Read(ulong offset, AccessWidth width)
    {
        uint register = (uint)(offset & PageMask) & ~(ApicRegisters.Stride - 1);
        int byteInRegister = (int)(offset & (ApicRegisters.Stride - 1));
        if (byteInRegister >= sizeof(uint))
            return 0;
        lock (_lock)
        {
            if (TryReadLocked(register, false, out uint value))
                return value >> (byteInRegister * 8);
            RaiseErrorLocked(ApicRegisters.ErrorIllegalRegister);
            return 0;
        }
    }

    /// <summary>Writes a register of the page; only aligned 32-bit writes have an effect (Intel SDM Vol. 3, section 11.4.1).</summary>
    public void Write(ulong offset, AccessWidth width, ulong value)
    {
        uint register = (uint)(offset & PageMask);
        if (register % ApicRegisters.Stride != 0 || width < AccessWidth.Dword)
        {
            _log.GuestError(Name, "a write that is not of 32 aligned bits", offset);
            return;
        }

        if (!TryWrite(register, (uint)value, false))
        {
            lock (_lock)
                RaiseErrorLocked(ApicRegisters.ErrorIllegalRegister);
        }
    }

    public bool TryReadMsr(uint msr, out ulong value)
    {
        value = 0;
        if (msr == ApicRegisters.MsrApicBase)
        {
            value = ApicBase;
            return true;
        }

        lock (_lock)
        {
            if (msr == ApicRegisters.MsrTscDeadline)
            {
                value = _timer.TscDeadline;
                return _configuration.HasTscDeadline;
            }

            if (!IsX2ApicMsr(msr, out uint register))
                return false;
            if (register == ApicRegisters.InterruptCommandLow)
            {
                value = _command;
                return true;
            }

            bool exists = TryReadLocked(register, true, out uint low);
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
        if (!IsX2ApicMsr(msr, out uint register))
            return false;
        if (register == ApicRegisters.InterruptCommandLow)
            return TryWriteCommand(value);
        return (value & ~(ulong)X2ApicDefinedBits(register)) == 0 && TryWrite(register, (uint)value, true);
    }

    /// <summary>To the power-on state, with LINT0 of the bootstrap processor open for the PIC as firmware would leave it.</summary>
    public void Reset()
    {
        lock (_lock)
        {
            Volatile.Write(ref _base, ApicRegisters.BaseDefault | ApicRegisters.BaseEnable | BootstrapFlag);
            ResetRegistersLocked();
        }
    }

    public void Save(IStateWriter to)
    {
        lock (_lock)
        {
            to.WriteVersion(StateVersion);
            to.WriteUInt64(_base);
            to.WriteUInt32(_logicalDestination);
            to.WriteUInt32(_destinationFormat);
            to.WriteUInt32(_spuriousVector);
            to.WriteUInt64(_command);
            to.WriteUInt32(_errorStatus);
            to.WriteUInt32(_errors);
            to.WriteBoolean(_lint0);
            to.WriteBoolean(_lint1);
            _priorities.Save(to);
            _vectors.Save(to);
            _timer.Save(to);
        }
    }

    public void Restore(IStateReader from)
    {
        lock (_lock)
        {
            from.ReadVersion(Name, StateVersion);
            Volatile.Write(ref _base, from.ReadUInt64());
            _logicalDestination = from.ReadUInt32();
            _destinationFormat = from.ReadUInt32();
            _spuriousVector = from.ReadUInt32();
            _command = from.ReadUInt64();
            _errorStatus = from.ReadUInt32();
            _errors = from.ReadUInt32();
            _lint0 = from.ReadBoolean();
            _lint1 = from.ReadBoolean();
            _priorities.Restore(from);
            _vectors.Restore(from);
            _timer.Restore(from);
            _hasInterrupt = false;
            UpdateLocked();
        }
    }

    /// <summary>True when a message is addressed to this APIC. Without the lock: a sender sees the old or the new destination.</summary>
    internal bool IsAddressedBy(in InterruptMessage message)
    {
        if (message.Destination == InterruptMessage.Broadcast)
            return true;
        if (!message.IsLogical)
            return message.Destination == Id;
        if (IsX2Apic)
        {
            uint own = X2ApicLogicalDestination;
            return own >> 16 == message.Destination >> 16 && (own & message.Destination & 0xFFFF) != 0;
        }

        uint logical = _logicalDestination >> 24;
        if (_destinationFormat >> 28 == 0xF)
            return (logical & message.Destination) != 0;
        return logical >> 4 == message.Destination >> 4 && (logical & message.Destination & 0xF) != 0;
    }

    /// <summary>Takes a message.</summary>
    /// <returns>False when it is refused: the APIC is disabled or the message makes no sense.</returns>
    public bool Deliver(in InterruptMessage message)
    {
        lock (_lock)
        {
            if (!IsEnabled)
                return false;
            switch (message.Mode)
            {
                case InterruptDeliveryMode.Fixed or InterruptDeliveryMode.LowestPriority:
                    return IsSoftwareEnabled && TryAcceptLocked(message.Vector, message.IsLevel);
                case InterruptDeliveryMode.Nmi:
                    _signals.NonMaskableInterrupt();
                    return true;
                case InterruptDeliveryMode.Init:
                    ResetRegistersLocked();
                    _signals.Init();
                    return true;
                case InterruptDeliveryMode.StartUp:
                    _signals.StartUp(message.Vector);
                    return true;
                default:
                    _log.GuestError(Name, "an interrupt message of a delivery mode that is not offered", (ulong)message.Mode);
                    return false;
            }
        }
    }

    /// <summary>Drives LINT0 or LINT1.</summary>
    internal void SetInput(uint register, bool asserted)
    {
        lock (_lock)
        {
            ref bool level = ref register == ApicRegisters.LvtLint0 ? ref _lint0 : ref _lint1;
            bool rises = asserted && !level;
            level = asserted;
            if (rises && IsEnabled)
                RaiseLocalLocked(register);
            else if (rises && register == ApicRegisters.LvtLint1)
                _signals.NonMaskableInterrupt(); // A disabled APIC passes its pins through as INTR and NMI.
            UpdateLocked();
        }
    }

    private ulong BootstrapFlag => Id == 0 ? ApicRegisters.BaseBootstrap : 0;

    private uint X2ApicLogicalDestination => (((uint)Id & ~0xFu) << 12) | (1u << (Id & 0xF));

    private bool IsX2ApicMsr(uint msr, out uint register)
    {
        register = (msr - ApicRegisters.MsrX2Apic) * ApicRegisters.Stride;
        return IsX2Apic && msr is >= ApicRegisters.MsrX2Apic and < ApicRegisters.MsrX2ApicEnd;
    }

    /// <summary>The bits of a register that WRMSR may set; the others, and read-only registers, give #GP.</summary>
    private uint X2ApicDefinedBits(uint register) => register switch
    {
        ApicRegisters.TaskPriority or ApicRegisters.SelfIpi => 0xFF,
        ApicRegisters.SpuriousVector => ApicRegisters.SpuriousWritable,
        ApicRegisters.InitialCount => uint.MaxValue,
        ApicRegisters.DivideConfiguration => 0xB,
        _ => LocalVectorTable.Contains(register) ? _vectors.DefinedBits(register) : 0, // EOI and ESR take zero alone.
    };

    private bool TryReadLocked(uint register, bool byMsr, out uint value)
    {
        uint? read = register switch
        {
            ApicRegisters.Id => byMsr ? Id : (uint)Id << 24,
            ApicRegisters.Version => ApicRegisters.VersionValue,
            ApicRegisters.TaskPriority => _priorities.TaskPriority,
            ApicRegisters.ProcessorPriority => _priorities.ProcessorPriority,
            ApicRegisters.LogicalDestination => byMsr ? X2ApicLogicalDestination : _logicalDestination,
            ApicRegisters.SpuriousVector => _spuriousVector,
            ApicRegisters.ErrorStatus => _errorStatus,
            ApicRegisters.InterruptCommandLow => (uint)_command,
            ApicRegisters.InitialCount => _timer.InitialCount,
            ApicRegisters.CurrentCount => _timer.CurrentCount,
            ApicRegisters.DivideConfiguration => _timer.DivideConfiguration,
            >= ApicRegisters.InService and < ApicRegisters.InService + ApicRegisters.ArrayLength => _priorities.InService.Word((register - ApicRegisters.InService) / ApicRegisters.Stride),
            >= ApicRegisters.TriggerMode and < ApicRegisters.TriggerMode + ApicRegisters.ArrayLength => _priorities.LevelTriggered.Word((register - ApicRegisters.TriggerMode) / ApicRegisters.Stride),
            >= ApicRegisters.Request and < ApicRegisters.Request + ApicRegisters.ArrayLength => _priorities.Requests.Word((register - ApicRegisters.Request) / ApicRegisters.Stride),
            _ => LocalVectorTable.Contains(register) ? _vectors[register] : byMsr ? null : ReadXApicOnlyLocked(register),
        };
        value = read.GetValueOrDefault();
        return read.HasValue;
    }

    /// <summary>Registers that x2APIC mode has not; the write-only EOI reads as zero.</summary>
    private uint? ReadXApicOnlyLocked(uint register) => register switch
    {
        ApicRegisters.DestinationFormat => _destinationFormat,
        ApicRegisters.InterruptCommandHigh => (uint)(_command >> 32),
        ApicRegisters.ArbitrationPriority or ApicRegisters.RemoteRead or ApicRegisters.EndOfInterrupt => 0,
        _ => null,
    };

    private bool TryWrite(uint register, uint value, bool byMsr)
    {
        switch (register)
        {
            case ApicRegisters.EndOfInterrupt:
                EndOfInterrupt();
                return true;
            case ApicRegisters.InterruptCommandLow:
                Send(Interlocked.Read(ref _command) & 0xFFFF_FFFF_0000_0000 | (value & ApicRegisters.CommandWritable));
                return true;
            case ApicRegisters.SelfIpi:
                if (byMsr)
                    Send(((ulong)DestinationShorthand.Self << 18) | (byte)value, false);
                return byMsr;
        }

        lock (_lock)
        {
            if (!TryWriteLocked(register, value, byMsr))
                return false;
            UpdateLocked();
            return true;
        }
    }

    private bool TryWriteLocked(uint register, uint value, bool byMsr)
    {
        switch (register)
        {
            case ApicRegisters.TaskPriority:
                _priorities.TaskPriority = (byte)value;
                return true;
            case ApicRegisters.SpuriousVector:
                _spuriousVector = value & ApicRegisters.SpuriousWritable;
                if (!IsSoftwareEnabled)
                    _vectors.MaskAll();
                return true;
            case ApicRegisters.ErrorStatus:
                _errorStatus = _errors;
                _errors = 0;
                return true;
            case ApicRegisters.InitialCount:
                _timer.WriteInitialCount(value);
                return true;
            case ApicRegisters.DivideConfiguration:
                _timer.WriteDivideConfiguration(value);
                return true;
            default:
                if (!LocalVectorTable.Contains(register))
                    return !byMsr && TryWriteXApicOnlyLocked(register, value);
                WriteVectorLocked(register, value);
                return true;
        }
    }

    private void WriteVectorLocked(uint register, uint value)
    {
        // While the APIC is disabled by software its mask bits cannot be cleared (Intel SDM Vol. 3, section 11.4.7.2).
        _vectors.Write(register, IsSoftwareEnabled ? value : value | ApicRegisters.LvtMasked);
        if (register == ApicRegisters.LvtTimer)
            _timer.SetMode(_vectors.TimerMode);
    }

    private bool TryWriteXApicOnlyLocked(uint register, uint value)
    {
        switch (register)
        {
            case ApicRegisters.LogicalDestination:
                _logicalDestination = value & 0xFF00_0000;
                return true;
            case ApicRegisters.DestinationFormat:
                _destinationFormat = value | 0x0FFF_FFFF;
                return true;
            case ApicRegisters.InterruptCommandHigh:
                _command = (uint)_command | ((ulong)(value & 0xFF00_0000) << 32);
                return true;
            case ApicRegisters.Id or ApicRegisters.Version or ApicRegisters.ArbitrationPriority or ApicRegisters.ProcessorPriority or ApicRegisters.RemoteRead
                or ApicRegisters.CurrentCount or (>= ApicRegisters.InService and < ApicRegisters.ErrorStatus):
                return true; // Read-only; today's processors ignore a write to the id, too.
            default:
                return false;
        }
    }

    private bool TryWriteBase(ulong value)
    {
        const ulong Modes = ApicRegisters.BaseEnable | ApicRegisters.BaseX2Apic;
        ulong physicalMask = (1UL << _configuration.PhysicalAddressBits) - 1;
        ulong defined = (physicalMask & ~PageMask) | ApicRegisters.BaseBootstrap | ApicRegisters.BaseEnable
            | (_configuration.HasX2Apic ? ApicRegisters.BaseX2Apic : 0);
        lock (_lock)
        {
            ulong from = _base & Modes;
            ulong to = value & Modes;

            // The transitions of Intel SDM Vol. 3, figure 11-27: x2APIC is entered from xAPIC alone and left to disabled alone.
            bool isLegal = to != ApicRegisters.BaseX2Apic && !(from == 0 && to == Modes) && !(from == Modes && to == ApicRegisters.BaseEnable);
            if ((value & ~defined) != 0 || !isLegal)
                return false;
            Volatile.Write(ref _base, (value & ~ApicRegisters.BaseBootstrap) | BootstrapFlag);
            if (to == 0)
                ResetRegistersLocked();
            UpdateLocked();
            return true;
        }
    }

    private bool TryWriteDeadline(ulong value)
    {
        lock (_lock)
        {
            if (_timer.WriteTscDeadline(value))
                RaiseLocalLocked(ApicRegisters.LvtTimer);
            UpdateLocked();
            return _configuration.HasTscDeadline;
        }
    }

    private bool TryWriteCommand(ulong value)
    {
        const ulong Defined = 0xFFFF_FFFF_0000_0000 | ApicRegisters.CommandWritable | (1 << 12);
        if ((value & ~Defined) != 0)
            return false;
        Send(value & ~(1UL << 12));
        return true;
    }

    /// <summary>Stores a command and sends it.</summary>
    private void Send(ulong value)
    {
        lock (_lock)
            _command = value;
        Send(value, IsX2Apic);
    }

    private void Send(ulong value, bool isX2Apic)
    {
        var command = new InterruptCommand(value, isX2Apic);
        if (command.IsDeassert)
            return;
        if (!command.IsOffered || (command.CarriesVector && command.Vector < ApicRegisters.FirstLegalVector))
        {
            lock (_lock)
            {
                RaiseErrorLocked(ApicRegisters.ErrorSendIllegalVector);
                UpdateLocked();
            }

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
            levelVector = _priorities.End();
            UpdateLocked();
        }

        if (levelVector >= 0)
            _bus.EndOfInterrupt((byte)levelVector);
    }

    private void OnTimer()
    {
        lock (_lock)
        {
            if (_timer.Expire())
                RaiseLocalLocked(ApicRegisters.LvtTimer);
            UpdateLocked();
        }
    }

    /// <summary>Raises a local interrupt as its LVT entry says. ExtINT is no event but a level: <see cref="HasExternalLocked"/>.</summary>
    private void RaiseLocalLocked(uint register)
    {
        if (_vectors.IsMasked(register))
            return;
        switch (_vectors.Mode(register))
        {
            case InterruptDeliveryMode.Fixed:
                TryAcceptLocked(_vectors.Vector(register), false);
                break;
            case InterruptDeliveryMode.Nmi:
                _signals.NonMaskableInterrupt();
                break;
        }
    }

    private void RaiseErrorLocked(uint error)
    {
        // An error that is noted already raises nothing; that also ends the recursion of an error entry with an illegal vector.
        if ((_errors & error) != 0)
            return;
        _errors |= error;
        RaiseLocalLocked(ApicRegisters.LvtError);
        UpdateLocked();
    }

    private bool TryAcceptLocked(byte vector, bool isLevel)
    {
        if (vector < ApicRegisters.FirstLegalVector)
        {
            RaiseErrorLocked(ApicRegisters.ErrorReceiveIllegalVector);
            return false;
        }

        _priorities.Accept(vector, isLevel);
        UpdateLocked();
        return true;
    }

    /// <summary>True when the PIC's request passes: LINT0 is ExtINT and open, or the APIC is switched off.</summary>
    private bool HasExternalLocked() => _lint0 && (!IsEnabled
        || (!_vectors.IsMasked(ApicRegisters.LvtLint0) && _vectors.Mode(ApicRegisters.LvtLint0) == InterruptDeliveryMode.ExtInt));

    private void UpdateLocked()
    {
        bool before = _hasInterrupt;
        _hasInterrupt = HasExternalLocked() || (IsEnabled && _priorities.HasDeliverable);
        if (_hasInterrupt && !before)
            _signals.InterruptChanged();
    }

    private void ResetRegistersLocked()
    {
        _priorities.Reset();
        _vectors.Reset();
        _timer.Reset();
        _logicalDestination = 0;
        _destinationFormat = uint.MaxValue;
        _spuriousVector = 0xFF;
        _command = 0;
        _errorStatus = 0;
        _errors = 0;
        if (Id == 0)
            _vectors.Write(ApicRegisters.LvtLint0, (uint)InterruptDeliveryMode.ExtInt << 8);
        UpdateLocked();
    }
}
