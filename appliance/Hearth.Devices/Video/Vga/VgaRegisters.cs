namespace Hearth.Devices.Video.Vga;

/// <summary>Ports, register indices and bits of the VGA (IBM PS/2 Hardware Interface Technical Reference, Video Subsystem, 1992).</summary>
internal static class VgaRegisters
{
    public const ushort FirstPort = 0x3B0;
    public const ushort PortCount = 0x30;

    public const ushort AttributeIndex = 0x3C0;
    public const ushort AttributeData = 0x3C1;
    public const ushort MiscellaneousWrite = 0x3C2;
    public const ushort SequencerIndex = 0x3C4;
    public const ushort SequencerData = 0x3C5;
    public const ushort DacMask = 0x3C6;
    public const ushort DacReadIndex = 0x3C7;
    public const ushort DacWriteIndex = 0x3C8;
    public const ushort DacData = 0x3C9;
    public const ushort FeatureRead = 0x3CA;
    public const ushort MiscellaneousRead = 0x3CC;
    public const ushort GraphicsIndex = 0x3CE;
    public const ushort GraphicsData = 0x3CF;
    public const ushort MonochromeCrtcIndex = 0x3B4;
    public const ushort MonochromeCrtcData = 0x3B5;
    public const ushort MonochromeStatus = 0x3BA;
    public const ushort CrtcIndex = 0x3D4;
    public const ushort CrtcData = 0x3D5;
    public const ushort StatusOrFeature = 0x3DA;

    public const byte MiscellaneousColour = 1 << 0;
    public const byte MiscellaneousRam = 1 << 1;
    public const byte MiscellaneousFastClock = 1 << 2;

    /// <summary>Input status 0: a monitor is there.</summary>
    public const byte SwitchSense = 1 << 4;
    public const byte StatusNotDisplaying = 1 << 0;
    public const byte StatusRetrace = 1 << 3;

    public const int SequencerCount = 5;
    public const int SequencerReset = 0;
    public const int SequencerClocking = 1;
    public const int SequencerMapMask = 2;
    public const int SequencerFonts = 3;
    public const int SequencerMemory = 4;
    public const byte ResetNone = 3;
    public const byte ClockingEightDots = 1 << 0;
    public const byte ClockingHalf = 1 << 3;
    public const byte ClockingScreenOff = 1 << 5;
    public const byte MemoryExtended = 1 << 1;
    public const byte MemoryNotOddEven = 1 << 2;
    public const byte MemoryChain4 = 1 << 3;

    public const int GraphicsCount = 9;
    public const int GraphicsSetReset = 0;
    public const int GraphicsEnableSetReset = 1;
    public const int GraphicsColourCompare = 2;
    public const int GraphicsRotate = 3;
    public const int GraphicsReadMap = 4;
    public const int GraphicsMode = 5;
    public const int GraphicsMiscellaneous = 6;
    public const int GraphicsColourCare = 7;
    public const int GraphicsBitMask = 8;
    public const byte ModeReadCompare = 1 << 3;
    public const byte ModeOddEven = 1 << 4;
    public const byte ModeInterleave = 1 << 5;
    public const byte Mode256 = 1 << 6;
    public const byte MiscellaneousGraphics = 1 << 0;

    public const int AttributeCount = 21;
    public const int AttributeMode = 0x10;
    public const int AttributePlanes = 0x12;
    public const int AttributePanning = 0x13;
    public const int AttributeSelect = 0x14;
    public const byte AttributeScreenOn = 1 << 5;
    public const byte AttributeLineGraphics = 1 << 2;
    public const byte AttributeBlink = 1 << 3;
    public const byte AttributePanningSplit = 1 << 5;
    public const byte AttributeSelectPalette = 1 << 7;

    public const int CrtcCount = 25;
    public const int CrtcHorizontalTotal = 0x00;
    public const int CrtcHorizontalDisplay = 0x01;
    public const int CrtcVerticalTotal = 0x06;
    public const int CrtcOverflow = 0x07;
    public const int CrtcPreset = 0x08;
    public const int CrtcMaximumScan = 0x09;
    public const int CrtcCursorStart = 0x0A;
    public const int CrtcCursorEnd = 0x0B;
    public const int CrtcStartHigh = 0x0C;
    public const int CrtcStartLow = 0x0D;
    public const int CrtcCursorHigh = 0x0E;
    public const int CrtcCursorLow = 0x0F;
    public const int CrtcRetraceStart = 0x10;
    public const int CrtcRetraceEnd = 0x11;
    public const int CrtcVerticalDisplay = 0x12;
    public const int CrtcOffset = 0x13;
    public const int CrtcUnderline = 0x14;
    public const int CrtcMode = 0x17;
    public const int CrtcLineCompare = 0x18;
    public const byte RetraceProtect = 1 << 7;
    public const byte OverflowLineCompare = 1 << 4;
    public const byte CursorOff = 1 << 5;
    public const byte ScanDouble = 1 << 7;
    public const byte ModeByte = 1 << 6;
}
