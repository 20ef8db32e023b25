using Hearth.Machine;

namespace Hearth.Devices.Platform.LocalApic;

/// <summary>
/// The registers of a local APIC and the local interrupts they describe. The APIC's lock guards it; IPIs and EOIs, which
/// leave the APIC, are not its business.
/// </summary>
internal sealed class ApicRegisterFile
{
    private readonly LocalApicConfiguration _configuration;
    private readonly IVcpuSignals _signals;

    // Volatile because senders look for their receivers without the lock.
    private volatile uint _logicalDestination;
    private volatile uint _destinationFormat;
    private volatile uint _spuriousVector;
    private uint _errorStatus;

    // What the next write to ESR will show.
    private uint _errors;

    public ApicRegisterFile(LocalApicConfiguration configuration, IVcpuSignals signals, ApicTimer timer)
    {
        _configuration = configuration;
        _signals = signals;
        Timer = timer;
        Vectors = new LocalVectorTable(configuration.HasTscDeadline);
    }

    public ApicPriorities Priorities { get; } = new();

    public LocalVectorTable Vectors { get; }

    public ApicTimer Timer { get; }

    /// <summary>The interrupt command register; the destination is in its upper half.</summary>
    public ulong Command { get; set; }

    public uint LogicalDestination => _logicalDestination;

    public uint DestinationFormat => _destinationFormat;

    /// <summary>The logical id that x2APIC mode derives: a cluster of 16, and a bit in it.</summary>
    public uint X2ApicLogicalDestination => (((uint)_configuration.Id & ~0xFu) << 12) | (1u << (_configuration.Id & 0xF));

    public bool IsSoftwareEnabled => (_spuriousVector & ApicRegisters.SoftwareEnable) != 0;

    /// <summary>To power-on, with LINT0 of the bootstrap processor open for the PIC as firmware would leave it.</summary>
    public void Reset()
    {
        Priorities.Reset();
        Vectors.Reset();
        Timer.Reset();
        _logicalDestination = 0;
        _destinationFormat = uint.MaxValue;
        _spuriousVector = 0xFF;
        _errorStatus = 0;
        _errors = 0;
        Command = 0;
        if (_configuration.Id == 0)
            Vectors.Write(ApicRegisters.LvtLint0, (uint)InterruptDeliveryMode.ExtInt << 8);
    }

    /// <summary>Reads a register.</summary>
    /// <returns>False when it does not exist in the mode.</returns>
    public bool TryRead(uint register, bool byMsr, out uint value)
    {
        if (LocalVectorTable.Contains(register))
        {
            value = Vectors[register];
            return true;
        }

        return TryReadArray(register, out value) || TryReadCommon(register, byMsr, out value) || (!byMsr && TryReadXApicOnly(register, out value));
    }

    /// <summary>Writes a register other than EOI, ICR low and self-IPI.</summary>
    /// <returns>False when it does not exist or, by MSR, is read-only.</returns>
    public bool TryWrite(uint register, uint value, bool byMsr)
    {
        switch (register)
        {
            case ApicRegisters.TaskPriority:
                Priorities.TaskPriority = (byte)value;
                return true;
            case ApicRegisters.SpuriousVector:
                _spuriousVector = value & ApicRegisters.SpuriousWritable;
                if (!IsSoftwareEnabled)
                    Vectors.MaskAll();
                return true;
            case ApicRegisters.ErrorStatus:
                _errorStatus = _errors;
                _errors = 0;
                return true;
            case ApicRegisters.InitialCount:
                Timer.WriteInitialCount(value);
                return true;
            case ApicRegisters.DivideConfiguration:
                Timer.WriteDivideConfiguration(value);
                return true;
            default:
                if (!LocalVectorTable.Contains(register))
                    return !byMsr && TryWriteXApicOnly(register, value);
                WriteVector(register, value);
                return true;
        }
    }

    /// <summary>The bits of a register that WRMSR may set in x2APIC mode; any other gives #GP.</summary>
    public uint DefinedBits(uint register) => register switch
    {
        ApicRegisters.TaskPriority or ApicRegisters.SelfIpi => 0xFF,
        ApicRegisters.SpuriousVector => ApicRegisters.SpuriousWritable,
        ApicRegisters.InitialCount => uint.MaxValue,
        ApicRegisters.DivideConfiguration => ApicTimer.DivideWritable,
        _ => LocalVectorTable.Contains(register) ? Vectors.DefinedBits(register) : 0, // EOI and ESR take zero alone.
    };

    /// <summary>Raises a local interrupt as its LVT entry says. ExtINT is no event but a level, and nothing here.</summary>
    public void RaiseLocal(uint register)
    {
        if (Vectors.IsMasked(register))
            return;
        switch (Vectors.Mode(register))
        {
            case InterruptDeliveryMode.Fixed:
                Take(Vectors.Vector(register), false);
                break;
            case InterruptDeliveryMode.Nmi:
                _signals.NonMaskableInterrupt();
                break;
        }
    }

    /// <summary>Notes an error and raises the error interrupt.</summary>
    public void RaiseError(uint error)
    {
        // An error that is noted already raises nothing; that also ends the recursion of an error entry with an illegal vector.
        if ((_errors & error) != 0)
            return;
        _errors |= error;
        RaiseLocal(ApicRegisters.LvtError);
    }

    /// <summary>Takes a fixed interrupt; one of a reserved vector is refused.</summary>
    public MessageOutcome Take(byte vector, bool isLevel)
    {
        if (vector < ApicRegisters.FirstLegalVector)
        {
            RaiseError(ApicRegisters.ErrorReceiveIllegalVector);
            return MessageOutcome.Refused;
        }

        return Priorities.Request(vector, isLevel) ? MessageOutcome.Taken : MessageOutcome.Merged;
    }

    public void Save(LocalApicState to)
    {
        to.LogicalDestination = _logicalDestination;
        to.DestinationFormat = _destinationFormat;
        to.SpuriousVector = _spuriousVector;
        to.Command = Command;
        to.ErrorStatus = _errorStatus;
        to.PendingErrors = _errors;
        Priorities.Save(to);
        Vectors.Save(to);
        Timer.Save(to);
    }

    public void Restore(LocalApicState from)
    {
        _logicalDestination = from.LogicalDestination;
        _destinationFormat = from.DestinationFormat;
        _spuriousVector = from.SpuriousVector;
        Command = from.Command;
        _errorStatus = from.ErrorStatus;
        _errors = from.PendingErrors;
        Priorities.Restore(from);
        Vectors.Restore(from);
        Timer.Restore(from);
    }

    private bool TryReadArray(uint register, out uint value)
    {
        value = 0;
        if (register is < ApicRegisters.InService or >= ApicRegisters.ErrorStatus)
            return false;
        VectorSet set = register switch
        {
            < ApicRegisters.TriggerMode => Priorities.InService,
            < ApicRegisters.Request => Priorities.LevelTriggered,
            _ => Priorities.Requests,
        };
        value = set.Word(register % ApicRegisters.ArrayLength / ApicRegisters.Stride);
        return true;
    }

    private bool TryReadCommon(uint register, bool byMsr, out uint value)
    {
        (bool exists, value) = register switch
        {
            ApicRegisters.Id => (true, byMsr ? _configuration.Id : (uint)_configuration.Id << 24),
            ApicRegisters.Version => (true, ApicRegisters.VersionValue),
            ApicRegisters.TaskPriority => (true, Priorities.TaskPriority),
            ApicRegisters.ProcessorPriority => (true, Priorities.ProcessorPriority),
            ApicRegisters.LogicalDestination => (true, byMsr ? X2ApicLogicalDestination : _logicalDestination),
            ApicRegisters.SpuriousVector => (true, _spuriousVector),
            ApicRegisters.ErrorStatus => (true, _errorStatus),
            ApicRegisters.InterruptCommandLow => (true, (uint)Command),
            ApicRegisters.InitialCount => (true, Timer.InitialCount),
            ApicRegisters.CurrentCount => (true, Timer.CurrentCount),
            ApicRegisters.DivideConfiguration => (true, Timer.DivideConfiguration),
            _ => (false, 0u),
        };
        return exists;
    }

    /// <summary>Registers that x2APIC mode has not; the write-only EOI reads as zero.</summary>
    private bool TryReadXApicOnly(uint register, out uint value)
    {
        value = register switch
        {
            ApicRegisters.DestinationFormat => _destinationFormat,
            ApicRegisters.InterruptCommandHigh => (uint)(Command >> 32),
            _ => 0,
        };
        return register is ApicRegisters.DestinationFormat or ApicRegisters.InterruptCommandHigh or ApicRegisters.ArbitrationPriority
            or ApicRegisters.RemoteRead or ApicRegisters.EndOfInterrupt;
    }

    private bool TryWriteXApicOnly(uint register, uint value)
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
                Command = (uint)Command | ((ulong)(value & 0xFF00_0000) << 32);
                return true;
            case >= ApicRegisters.InService and < ApicRegisters.ErrorStatus:
            case ApicRegisters.Id or ApicRegisters.Version or ApicRegisters.ArbitrationPriority or ApicRegisters.ProcessorPriority:
            case ApicRegisters.RemoteRead or ApicRegisters.CurrentCount:
                return true; // Read-only; today's processors ignore a write to the id, too.
            default:
                return false;
        }
    }

    private void WriteVector(uint register, uint value)
    {
        // While the APIC is disabled by software its mask bits cannot be cleared (Intel SDM Vol. 3, section 11.4.7.2).
        Vectors.Write(register, IsSoftwareEnabled ? value : value | ApicRegisters.LvtMasked);
        if (register == ApicRegisters.LvtTimer)
            Timer.SetMode(Vectors.TimerMode);
    }
}
