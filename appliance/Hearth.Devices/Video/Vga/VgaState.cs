using Hearth.Machine;
using static Hearth.Devices.Video.Vga.VgaRegisters;

namespace Hearth.Devices.Video.Vga;

/// <summary>The registers of the VGA and what follows from them. Not synchronized: the device's lock is held.</summary>
internal sealed class VgaState
{
    public byte[] Sequencer { get; } = new byte[SequencerCount];

    public byte[] Graphics { get; } = new byte[GraphicsCount];

    public byte[] Attribute { get; } = new byte[AttributeCount];

    public byte[] Crtc { get; } = new byte[CrtcCount];

    public VgaDac Dac { get; } = new();

    public byte SequencerIndex { get; set; }

    public byte GraphicsIndex { get; set; }

    public byte CrtcIndex { get; set; }

    /// <summary>With <see cref="AttributeScreenOn"/>.</summary>
    public byte AttributeIndex { get; set; }

    /// <summary>The next write to the attribute port is data.</summary>
    public bool IsAttributeData { get; set; }

    public byte Miscellaneous { get; set; }

    public byte Feature { get; set; }

    /// <summary>What the last read left, a byte for each plane.</summary>
    public uint Latch { get; set; }

    public bool IsGraphics => (Graphics[GraphicsMiscellaneous] & MiscellaneousGraphics) != 0;

    public bool IsColour => (Miscellaneous & MiscellaneousColour) != 0;

    /// <summary>The screen shows nothing but black.</summary>
    public bool IsBlank => (AttributeIndex & AttributeScreenOn) == 0 || (Sequencer[SequencerClocking] & ClockingScreenOff) != 0
        || (Sequencer[SequencerReset] & ResetNone) != ResetNone;

    public int DotsPerCharacter => (Sequencer[SequencerClocking] & ClockingEightDots) != 0 ? 8 : 9;

    /// <summary>Each dot is two wide.</summary>
    public bool IsHalfClock => (Sequencer[SequencerClocking] & ClockingHalf) != 0;

    /// <summary>Characters across.</summary>
    public int Columns => Crtc[CrtcHorizontalDisplay] + 1;

    /// <summary>Lines down.</summary>
    public int Lines => (Crtc[CrtcVerticalDisplay] | Overflow(1, 8) | Overflow(6, 9)) + 1;

    public int VerticalTotal => (Crtc[CrtcVerticalTotal] | Overflow(0, 8) | Overflow(5, 9)) + 2;

    public int RetraceStart => Crtc[CrtcRetraceStart] | Overflow(2, 8) | Overflow(7, 9);

    /// <summary>The line after which the picture begins again at the start of memory.</summary>
    public int LineCompare => Crtc[CrtcLineCompare] | Overflow(4, 8) | ((Crtc[CrtcMaximumScan] & 0x40) << 3);

    public int StartAddress => (Crtc[CrtcStartHigh] << 8) | Crtc[CrtcStartLow];

    public int CursorAddress => (Crtc[CrtcCursorHigh] << 8) | Crtc[CrtcCursorLow];

    public void Reset()
    {
        Array.Clear(Sequencer);
        Array.Clear(Graphics);
        Array.Clear(Attribute);
        Array.Clear(Crtc);
        Dac.Reset();
        (SequencerIndex, GraphicsIndex, CrtcIndex, AttributeIndex, IsAttributeData) = (0, 0, 0, 0, false);
        (Miscellaneous, Feature, Latch) = (0, 0, 0);
    }

    public void Save(IStateWriter to)
    {
        to.WriteBytes(Sequencer);
        to.WriteBytes(Graphics);
        to.WriteBytes(Attribute);
        to.WriteBytes(Crtc);
        Dac.Save(to);
        to.WriteByte(SequencerIndex);
        to.WriteByte(GraphicsIndex);
        to.WriteByte(CrtcIndex);
        to.WriteByte(AttributeIndex);
        to.WriteBoolean(IsAttributeData);
        to.WriteByte(Miscellaneous);
        to.WriteByte(Feature);
        to.WriteUInt32(Latch);
    }

    public void Restore(IStateReader from)
    {
        from.ReadBytes(Sequencer);
        from.ReadBytes(Graphics);
        from.ReadBytes(Attribute);
        from.ReadBytes(Crtc);
        Dac.Restore(from);
        SequencerIndex = from.ReadByte();
        GraphicsIndex = from.ReadByte();
        CrtcIndex = from.ReadByte();
        AttributeIndex = from.ReadByte();
        IsAttributeData = from.ReadBoolean();
        Miscellaneous = from.ReadByte();
        Feature = from.ReadByte();
        Latch = from.ReadUInt32();
    }

    /// <summary>The DAC's index of one of sixteen colours.</summary>
    public int PaletteIndex(int colour)
    {
        int value = Attribute[colour & Attribute[AttributePlanes] & 0xF];
        int select = Attribute[AttributeSelect];
        int low = (Attribute[AttributeMode] & AttributeSelectPalette) != 0 ? (value & 0xF) | ((select & 3) << 4) : value & 0x3F;
        return low | ((select & 0xC) << 4);
    }

    private int Overflow(int bit, int to) => ((Crtc[CrtcOverflow] >> bit) & 1) << to;
}
