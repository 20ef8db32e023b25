namespace Hearth.Machine;

/// <summary>The state of a local APIC, the same whether the machine has it or a CPU engine (Intel SDM Vol. 3, chapter 11).</summary>
public sealed class LocalApicState
{
    /// <summary>Words of IRR, ISR and TMR: 256 bits.</summary>
    public const int VectorWords = 4;

    /// <summary>Entries of the local vector table: timer, thermal, performance, LINT0, LINT1, error.</summary>
    public const int VectorTableLength = 6;

    /// <summary>What <see cref="TimerDue"/> is while the timer is not armed.</summary>
    public const long Never = long.MaxValue;

    private const byte Version = 1;

    /// <summary>IA32_APIC_BASE.</summary>
    public ulong Base { get; set; }

    /// <summary>The level of the INTR pin, which the PIC pair drives.</summary>
    public bool Lint0 { get; set; }

    /// <summary>The level of the NMI pin.</summary>
    public bool Lint1 { get; set; }

    /// <summary>LDR of xAPIC mode; that of x2APIC mode follows from the id.</summary>
    public uint LogicalDestination { get; set; }

    public uint DestinationFormat { get; set; }

    public uint SpuriousVector { get; set; }

    /// <summary>ICR, the destination in its upper half as the mode has it: 8 bits at the top in xAPIC mode, 32 in x2APIC mode.</summary>
    public ulong Command { get; set; }

    /// <summary>ESR as it reads.</summary>
    public uint ErrorStatus { get; set; }

    /// <summary>What the next write to ESR will show.</summary>
    public uint PendingErrors { get; set; }

    public byte TaskPriority { get; set; }

    /// <summary>IRR.</summary>
    public ulong[] Requests { get; } = new ulong[VectorWords];

    /// <summary>ISR.</summary>
    public ulong[] InService { get; } = new ulong[VectorWords];

    /// <summary>TMR.</summary>
    public ulong[] LevelTriggered { get; } = new ulong[VectorWords];

    public uint[] VectorTable { get; } = new uint[VectorTableLength];

    /// <summary>Bits 18:17 of the timer's entry: one-shot 0, periodic 1, TSC deadline 2.</summary>
    public byte TimerMode { get; set; }

    public uint InitialCount { get; set; }

    public uint DivideConfiguration { get; set; }

    /// <summary>Nanoseconds of the machine's clock at which the current period began.</summary>
    public long TimerStarted { get; set; }

    /// <summary>IA32_TSC_DEADLINE; 0 is disarmed.</summary>
    public ulong TscDeadline { get; set; }

    /// <summary>Nanoseconds of the machine's clock at which the timer fires next.</summary>
    public long TimerDue { get; set; } = Never;

    /// <summary>
    /// As firmware leaves it after power-on: everything masked, but LINT0 of the bootstrap processor (id 0), which is open for the PIC.
    /// </summary>
    public static LocalApicState AtReset(int id)
    {
        const ulong PageAndEnable = 0xFEE0_0000 | (1 << 11);
        const ulong Bootstrap = 1 << 8;
        const uint Masked = 1 << 16;
        const uint ExternalInterrupt = 7 << 8;
        const int Lint0Entry = 3;
        var state = new LocalApicState { Base = PageAndEnable | (id == 0 ? Bootstrap : 0), DestinationFormat = uint.MaxValue, SpuriousVector = 0xFF };
        Array.Fill(state.VectorTable, Masked);
        if (id == 0)
            state.VectorTable[Lint0Entry] = ExternalInterrupt;
        return state;
    }

    public void Save(IStateWriter to)
    {
        ArgumentNullException.ThrowIfNull(to);
        to.WriteVersion(Version);
        to.WriteUInt64(Base);
        to.WriteBoolean(Lint0);
        to.WriteBoolean(Lint1);
        to.WriteUInt32(LogicalDestination);
        to.WriteUInt32(DestinationFormat);
        to.WriteUInt32(SpuriousVector);
        to.WriteUInt64(Command);
        to.WriteUInt32(ErrorStatus);
        to.WriteUInt32(PendingErrors);
        to.WriteByte(TaskPriority);
        foreach (ulong word in (ReadOnlySpan<ulong>)[.. Requests, .. InService, .. LevelTriggered])
            to.WriteUInt64(word);
        foreach (uint entry in VectorTable)
            to.WriteUInt32(entry);
        to.WriteByte(TimerMode);
        to.WriteUInt32(InitialCount);
        to.WriteUInt32(DivideConfiguration);
        to.WriteInt64(TimerStarted);
        to.WriteUInt64(TscDeadline);
        to.WriteInt64(TimerDue);
    }

    /// <param name="name">The device, for the message.</param>
    /// <exception cref="SavedStateException">The state is damaged or of another version.</exception>
    public static LocalApicState Load(string name, IStateReader from)
    {
        ArgumentNullException.ThrowIfNull(from);
        from.ReadVersion(name, Version);
        var state = new LocalApicState
        {
            Base = from.ReadUInt64(),
            Lint0 = from.ReadBoolean(),
            Lint1 = from.ReadBoolean(),
            LogicalDestination = from.ReadUInt32(),
            DestinationFormat = from.ReadUInt32(),
            SpuriousVector = from.ReadUInt32(),
            Command = from.ReadUInt64(),
            ErrorStatus = from.ReadUInt32(),
            PendingErrors = from.ReadUInt32(),
            TaskPriority = from.ReadByte(),
        };
        foreach (ulong[] set in (ReadOnlySpan<ulong[]>)[state.Requests, state.InService, state.LevelTriggered])
        {
            foreach (ref ulong word in set.AsSpan())
                word = from.ReadUInt64();
        }

        foreach (ref uint entry in state.VectorTable.AsSpan())
            entry = from.ReadUInt32();
        state.TimerMode = from.ReadByte();
        state.InitialCount = from.ReadUInt32();
        state.DivideConfiguration = from.ReadUInt32();
        state.TimerStarted = from.ReadInt64();
        state.TscDeadline = from.ReadUInt64();
        state.TimerDue = from.ReadInt64();
        return state;
    }
}
