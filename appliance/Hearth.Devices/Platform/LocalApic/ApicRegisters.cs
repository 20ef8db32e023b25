namespace Hearth.Devices.Platform.LocalApic;

/// <summary>
/// The registers of a local APIC by their xAPIC offset; the x2APIC MSR is 0x800 + offset / 16 (Intel SDM Vol. 3, table 11-6).
/// </summary>
internal static class ApicRegisters
{
    public const uint Id = 0x020;
    public const uint Version = 0x030;
    public const uint TaskPriority = 0x080;
    public const uint ArbitrationPriority = 0x090;
    public const uint ProcessorPriority = 0x0A0;
    public const uint EndOfInterrupt = 0x0B0;
    public const uint RemoteRead = 0x0C0;
    public const uint LogicalDestination = 0x0D0;
    public const uint DestinationFormat = 0x0E0;
    public const uint SpuriousVector = 0x0F0;
    public const uint InService = 0x100;
    public const uint TriggerMode = 0x180;
    public const uint Request = 0x200;
    public const uint ErrorStatus = 0x280;
    public const uint InterruptCommandLow = 0x300;
    public const uint InterruptCommandHigh = 0x310;
    public const uint LvtTimer = 0x320;
    public const uint LvtThermal = 0x330;
    public const uint LvtPerformance = 0x340;
    public const uint LvtLint0 = 0x350;
    public const uint LvtLint1 = 0x360;
    public const uint LvtError = 0x370;
    public const uint InitialCount = 0x380;
    public const uint CurrentCount = 0x390;
    public const uint DivideConfiguration = 0x3E0;
    public const uint SelfIpi = 0x3F0;

    /// <summary>Bytes between registers.</summary>
    public const uint Stride = 0x10;

    /// <summary>The length of a 256-bit register array.</summary>
    public const uint ArrayLength = 0x80;

    public const uint MsrApicBase = 0x1B;
    public const uint MsrTscDeadline = 0x6E0;
    public const uint MsrHyperVEndOfInterrupt = 0x4000_0070;
    public const uint MsrHyperVInterruptCommand = 0x4000_0071;
    public const uint MsrHyperVTaskPriority = 0x4000_0072;
    public const uint MsrX2Apic = 0x800;
    public const uint MsrX2ApicEnd = 0x900;

    /// <summary>Integrated APIC, version 0x14, six LVT entries (timer to error, no CMCI), no EOI-broadcast suppression.</summary>
    public const uint VersionValue = 0x0005_0014;

    public const uint LvtMasked = 1 << 16;
    public const uint LvtTimerModeMask = 3 << 17;
    public const uint LvtTimerPeriodic = 1 << 17;
    public const uint LvtTimerDeadline = 2 << 17;
    public const uint SoftwareEnable = 1 << 8;
    public const uint SpuriousWritable = 0x3FF;
    public const uint CommandLevelAssert = 1 << 14;
    public const uint CommandLevelTriggered = 1 << 15;
    public const uint CommandLogical = 1 << 11;

    /// <summary>Vector, mode, destination mode, level, trigger and shorthand; delivery status is read-only.</summary>
    public const uint CommandWritable = 0x000C_CFFF;

    /// <summary>Read-only: always idle here.</summary>
    public const uint CommandDeliveryStatus = 1 << 12;

    /// <summary>Bits of the 64-bit command register that give #GP in x2APIC mode.</summary>
    public const ulong X2ApicCommandReserved = uint.MaxValue & ~(CommandWritable | CommandDeliveryStatus);

    public const uint ErrorSendIllegalVector = 1 << 5;
    public const uint ErrorReceiveIllegalVector = 1 << 6;
    public const uint ErrorIllegalRegister = 1 << 7;

    public const ulong BaseBootstrap = 1UL << 8;
    public const ulong BaseX2Apic = 1UL << 10;
    public const ulong BaseEnable = 1UL << 11;
    public const ulong BaseDefault = 0xFEE0_0000;

    /// <summary>Vectors 0–15 are reserved; an APIC refuses to send or take them.</summary>
    public const byte FirstLegalVector = 16;
}
