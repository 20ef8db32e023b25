namespace Hearth.Devices.Sound.Hda;

/// <summary>Registers of the controller and their bits (Intel High Definition Audio 1.0a, section 3.3), by the dword they lie in.</summary>
internal static class HdaRegisters
{
    /// <summary>Bytes of the BAR.</summary>
    public const int Length = 0x4000;

    public const int Capabilities = 0x00; // GCAP, VMIN, VMAJ
    public const int PayloadCapabilities = 0x04; // OUTPAY, INPAY
    public const int GlobalControl = 0x08;
    public const int WakeAndState = 0x0C; // WAKEEN, STATESTS
    public const int GlobalStatus = 0x10;
    public const int InterruptControl = 0x20;
    public const int InterruptStatus = 0x24;
    public const int WallClock = 0x30;

    /// <summary>Where the ICH chipsets have it; the specification has it four bytes later.</summary>
    public const int StreamSynchronizationIch = 0x34;

    public const int StreamSynchronization = 0x38;
    public const int CorbBaseLow = 0x40;
    public const int CorbBaseHigh = 0x44;
    public const int CorbPointers = 0x48; // CORBWP, CORBRP
    public const int CorbControl = 0x4C; // CORBCTL, CORBSTS, CORBSIZE
    public const int RirbBaseLow = 0x50;
    public const int RirbBaseHigh = 0x54;
    public const int RirbPointers = 0x58; // RIRBWP, RINTCNT
    public const int RirbControl = 0x5C; // RIRBCTL, RIRBSTS, RIRBSIZE
    public const int ImmediateCommand = 0x60;
    public const int ImmediateResponse = 0x64;
    public const int ImmediateStatus = 0x68;
    public const int PositionBaseLow = 0x70;
    public const int PositionBaseHigh = 0x74;
    public const int FirstStream = 0x80;
    public const int StreamLength = 0x20;
    public const int WallClockAlias = 0x2030;

    /// <summary>What lies at 0x80 and above appears again with its positions here (section 3.3.48).</summary>
    public const int Alias = 0x2000;

    public const int StreamControl = 0x00; // SDnCTL, SDnSTS
    public const int StreamPosition = 0x04;
    public const int StreamCyclicLength = 0x08;
    public const int StreamLastValid = 0x0C;
    public const int StreamFormat = 0x10; // SDnFIFOS, SDnFMT
    public const int StreamListLow = 0x18;
    public const int StreamListHigh = 0x1C;

    public const uint GlobalReset = 1 << 0; // 0 holds the controller in reset
    public const uint GlobalFlush = 1 << 1;
    public const uint GlobalUnsolicited = 1 << 8;
    public const uint GlobalFlushed = 1 << 1;

    public const uint InterruptGlobal = 1U << 31;
    public const uint InterruptController = 1U << 30;

    public const byte RingRun = 1 << 1; // CORBRUN, RIRBDMAEN
    public const byte CorbErrorEnable = 1 << 0;
    public const byte CorbError = 1 << 0;
    public const byte RirbInterruptEnable = 1 << 0;
    public const byte RirbOverrunEnable = 1 << 2;
    public const byte RirbResponse = 1 << 0;
    public const byte RirbOverrun = 1 << 2;
    public const ushort PointerReset = 1 << 15;

    /// <summary>256 entries are the one size there is, and the one chosen.</summary>
    public const byte RingSize = 0x42;

    public const uint ImmediateBusy = 1 << 0;
    public const uint ImmediateValid = 1 << 1;

    public const uint PositionEnable = 1 << 0;

    public const uint StreamReset = 1 << 0;
    public const uint StreamRun = 1 << 1;
    public const uint StreamCompletionEnable = 1 << 2;
    public const uint StreamFifoErrorEnable = 1 << 3;
    public const uint StreamDescriptorErrorEnable = 1 << 4;
    public const int StreamTagShift = 20;
    public const uint StreamControlWritable = 0x00FF_001E;

    public const byte StreamCompleted = 1 << 2;
    public const byte StreamFifoError = 1 << 3;
    public const byte StreamDescriptorError = 1 << 4;
    public const byte StreamFifoReady = 1 << 5;
    public const byte StreamStatusClearable = StreamCompleted | StreamFifoError | StreamDescriptorError;
}
