using Hearth.Machine;

namespace Hearth.Devices.Sound.Hda;

/// <summary>What a guest has set at one node of the codec.</summary>
internal struct CodecWidget
{
    /// <summary>A converter's format.</summary>
    public ushort Format;

    /// <summary>A converter's stream in the upper half, its lowest channel in the lower.</summary>
    public byte Stream;

    /// <summary>A pin's switches: output 0x40, input 0x20, headphone amplifier 0x80.</summary>
    public byte Control;

    /// <summary>Whether and under what tag a pin tells of plugs: enable 0x80.</summary>
    public byte Unsolicited;

    public byte Power;

    /// <summary>External amplifier and swapped channels.</summary>
    public byte ExternalAmplifier;

    /// <summary>Mute 0x80 and gain.</summary>
    public byte LeftGain;

    /// <inheritdoc cref="LeftGain"/>
    public byte RightGain;

    public byte LargestChannel;

    public uint Configuration;

    /// <summary>Something is plugged in.</summary>
    public bool IsPlugged;

    public readonly void Save(IStateWriter to)
    {
        to.WriteUInt16(Format);
        to.WriteByte(Stream);
        to.WriteByte(Control);
        to.WriteByte(Unsolicited);
        to.WriteByte(Power);
        to.WriteByte(ExternalAmplifier);
        to.WriteByte(LeftGain);
        to.WriteByte(RightGain);
        to.WriteByte(LargestChannel);
        to.WriteUInt32(Configuration);
        to.WriteBoolean(IsPlugged);
    }

    public void Restore(IStateReader from)
    {
        Format = from.ReadUInt16();
        Stream = from.ReadByte();
        Control = from.ReadByte();
        Unsolicited = from.ReadByte();
        Power = from.ReadByte();
        ExternalAmplifier = from.ReadByte();
        LeftGain = from.ReadByte();
        RightGain = from.ReadByte();
        LargestChannel = from.ReadByte();
        Configuration = from.ReadUInt32();
        IsPlugged = from.ReadBoolean();
    }
}
