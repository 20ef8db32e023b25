namespace Hearth.Devices.Platform.Uart;

/// <summary>Register offsets of a 16550A (National Semiconductor PC16550D data sheet, table II).</summary>
internal static class UartRegisters
{
    public const uint Data = 0;
    public const uint InterruptEnable = 1;
    public const uint InterruptIdentificationOrFifoControl = 2;
    public const uint LineControl = 3;
    public const uint ModemControl = 4;
    public const uint LineStatus = 5;
    public const uint ModemStatus = 6;
    public const uint Scratch = 7;

    /// <summary>How many ports the device takes.</summary>
    public const uint Count = 8;
}

/// <summary>IER (section 8.6).</summary>
[Flags]
internal enum InterruptEnables : byte
{
    None = 0,
    ReceivedData = 1 << 0,
    TransmitterEmpty = 1 << 1,
    LineStatus = 1 << 2,
    ModemStatus = 1 << 3,
    All = 0x0F,
}

/// <summary>IIR, bits 0–3, from the highest priority to the lowest (table III).</summary>
internal enum InterruptIdentification : byte
{
    LineStatus = 0x6,
    ReceivedData = 0x4,
    CharacterTimeout = 0xC,
    TransmitterEmpty = 0x2,
    ModemStatus = 0x0,
    None = 0x1,
}

/// <summary>FCR (section 8.5).</summary>
[Flags]
internal enum FifoControl : byte
{
    None = 0,
    Enable = 1 << 0,
    ClearReceiver = 1 << 1,
    ClearTransmitter = 1 << 2,
    TriggerMask = 0xC0,
}

/// <summary>MCR (section 8.7).</summary>
[Flags]
internal enum ModemControls : byte
{
    None = 0,
    DataTerminalReady = 1 << 0,
    RequestToSend = 1 << 1,
    Out1 = 1 << 2,

    /// <summary>On a PC, OUT2 lets the interrupt through to the ISA bus.</summary>
    Out2 = 1 << 3,
    Loopback = 1 << 4,
    All = 0x1F,
}

/// <summary>LSR (section 8.4).</summary>
[Flags]
internal enum LineStatuses : byte
{
    None = 0,
    DataReady = 1 << 0,
    Overrun = 1 << 1,
    Parity = 1 << 2,
    Framing = 1 << 3,
    Break = 1 << 4,
    TransmitterHoldingEmpty = 1 << 5,
    TransmitterEmpty = 1 << 6,
    ErrorInFifo = 1 << 7,
    Errors = Overrun | Parity | Framing | Break,
}

/// <summary>MSR (section 8.8).</summary>
[Flags]
internal enum ModemStatuses : byte
{
    None = 0,
    ClearToSendChanged = 1 << 0,
    DataSetReadyChanged = 1 << 1,
    RingTrailingEdge = 1 << 2,
    CarrierChanged = 1 << 3,
    ClearToSend = 1 << 4,
    DataSetReady = 1 << 5,
    Ring = 1 << 6,
    Carrier = 1 << 7,
    Changes = 0x0F,
    Lines = 0xF0,
}
