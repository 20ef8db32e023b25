using Hearth.Machine;
using static Hearth.Devices.Video.Vga.VgaRegisters;

namespace Hearth.Devices.Video.Vga;

/// <summary>The VGA's ports, 0x3B0 to 0x3DF, byte by byte. Not synchronized: the device's lock is held.</summary>
internal sealed class VgaPorts(VgaState state, IVirtualClock clock)
{
    private const byte Nothing = 0xFF;
    private const byte IndexMask = 0x1F;

    // By index, the bits that there are.
    private static readonly byte[] s_sequencerMask = [0x03, 0x3D, 0x0F, 0x3F, 0x0E];
    private static readonly byte[] s_graphicsMask = [0x0F, 0x0F, 0x0F, 0x1F, 0x03, 0x7B, 0x0F, 0x0F, 0xFF];

    /// <summary>The picture is made by another clock than the CRT controller's.</summary>
    public bool HasOwnClock { get; set; }

    public byte Read(ushort port)
    {
        if (IsOtherHalf(port))
            return Nothing;
        switch (port)
        {
            case VgaRegisters.AttributeIndex:
                return state.AttributeIndex;
            case AttributeData:
                return At(state.Attribute, state.AttributeIndex & IndexMask);
            case MiscellaneousWrite:
                return SwitchSense;
            case VgaRegisters.SequencerIndex:
                return state.SequencerIndex;
            case SequencerData:
                return At(state.Sequencer, state.SequencerIndex);
            case DacMask:
                return state.Dac.Mask;
            case DacReadIndex:
                return state.Dac.State;
            case DacWriteIndex:
                return state.Dac.WriteIndex;
            case DacData:
                return state.Dac.ReadData();
            case FeatureRead:
                return state.Feature;
            case MiscellaneousRead:
                return state.Miscellaneous;
            case VgaRegisters.GraphicsIndex:
                return state.GraphicsIndex;
            case GraphicsData:
                return At(state.Graphics, state.GraphicsIndex);
            case VgaRegisters.CrtcIndex or MonochromeCrtcIndex:
                return state.CrtcIndex;
            case CrtcData or MonochromeCrtcData:
                return At(state.Crtc, state.CrtcIndex);
            case StatusOrFeature or MonochromeStatus:
                state.IsAttributeData = false;
                return VgaTiming.Status(state, clock.Now, HasOwnClock);
            default:
                return Nothing;
        }
    }

    public void Write(ushort port, byte value)
    {
        if (IsOtherHalf(port))
            return;
        switch (port)
        {
            case VgaRegisters.AttributeIndex:
                WriteAttribute(value);
                break;
            case MiscellaneousWrite:
                state.Miscellaneous = value;
                break;
            case VgaRegisters.SequencerIndex:
                state.SequencerIndex = (byte)(value & 7);
                break;
            case SequencerData:
                if (state.SequencerIndex < SequencerCount)
                    state.Sequencer[state.SequencerIndex] = (byte)(value & s_sequencerMask[state.SequencerIndex]);
                break;
            case DacMask:
                state.Dac.Mask = value;
                break;
            case DacReadIndex:
                state.Dac.SetReadIndex(value);
                break;
            case DacWriteIndex:
                state.Dac.WriteIndex = value;
                break;
            case DacData:
                state.Dac.WriteData(value);
                break;
            case VgaRegisters.GraphicsIndex:
                state.GraphicsIndex = (byte)(value & 0xF);
                break;
            case GraphicsData:
                if (state.GraphicsIndex < GraphicsCount)
                    state.Graphics[state.GraphicsIndex] = (byte)(value & s_graphicsMask[state.GraphicsIndex]);
                break;
            case VgaRegisters.CrtcIndex or MonochromeCrtcIndex:
                state.CrtcIndex = (byte)(value & IndexMask);
                break;
            case CrtcData or MonochromeCrtcData:
                WriteCrtc(value);
                break;
            case StatusOrFeature or MonochromeStatus:
                state.Feature = (byte)(value & 0x10);
                break;
        }
    }

    private static byte At(byte[] registers, int index) => index < registers.Length ? registers[index] : (byte)0;

    /// <summary>The CRT controller is at 0x3Bx or at 0x3Dx, never at both.</summary>
    private bool IsOtherHalf(ushort port) => (port & 0xFFF0) == (state.IsColour ? 0x3B0 : 0x3D0);

    private void WriteAttribute(byte value)
    {
        if (!state.IsAttributeData)
            state.AttributeIndex = (byte)(value & (IndexMask | AttributeScreenOn));
        else if ((state.AttributeIndex & IndexMask) is var index && index < AttributeCount && (index >= 0x10 || (state.AttributeIndex & AttributeScreenOn) == 0))
            state.Attribute[index] = (byte)(value & (index < 0x10 ? 0x3F : 0xFF));
        state.IsAttributeData = !state.IsAttributeData;
    }

    private void WriteCrtc(byte value)
    {
        int index = state.CrtcIndex;
        if (index >= CrtcCount)
            return;
        bool isProtected = index <= CrtcOverflow && (state.Crtc[CrtcRetraceEnd] & RetraceProtect) != 0;
        if (!isProtected)
            state.Crtc[index] = value;
        else if (index == CrtcOverflow)
            state.Crtc[index] = (byte)((state.Crtc[index] & ~OverflowLineCompare) | (value & OverflowLineCompare));
    }
}
