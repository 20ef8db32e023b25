using Hearth.Machine;

namespace Hearth.Devices.Sound.Hda;

/// <summary>
/// The codec on the link: converters, amplifiers and jacks, and the verbs that set them (Intel High Definition Audio 1.0a, section 7.3.3). The
/// controller's lock is held.
/// </summary>
internal sealed class HdaCodec
{
    /// <summary>Its address on the link.</summary>
    public const int Address = 0;

    private const int Mute = 0x80;
    private const byte PinOutput = 0x40;
    private const byte PinInput = 0x20;
    private const byte TellEnable = 0x80;
    private const uint Present = 1U << 31;
    private const int UnsolicitedTagShift = 26;

    private readonly CodecWidget[] _widgets = new CodecWidget[CodecNode.Count];

    public HdaCodec()
    {
        foreach (ref CodecWidget widget in _widgets.AsSpan())
            widget.IsPlugged = true;
        Reset();
    }

    /// <summary>To the state after power-on. What is plugged in stays so.</summary>
    public void Reset()
    {
        for (int node = 0; node < _widgets.Length; node++)
        {
            _widgets[node] = new CodecWidget
            {
                LeftGain = CodecTable.UnityGain,
                RightGain = CodecTable.UnityGain,
                Control = CodecTable.Source(node) != 0 && node >= CodecNode.FrontJack ? PinOutput : (byte)0,
                LargestChannel = 1,
                Configuration = CodecTable.JackConfiguration(node),
                IsPlugged = _widgets[node].IsPlugged,
            };
        }
    }

    /// <summary>Runs a verb.</summary>
    /// <param name="command">Bits 27:20 the node, 19:0 the verb and its payload.</param>
    /// <returns>The response; zero for a node or a verb that is not there.</returns>
    public uint Execute(uint command)
    {
        int node = (int)(command >> 20) & 0xFF;
        if (node >= CodecNode.Count)
            return 0;
        ref CodecWidget widget = ref _widgets[node];
        uint verb = (command >> 16) & 0xF;
        ushort payload = (ushort)command;
        switch (verb)
        {
            case 0x2:
                widget.Format = payload;
                return 0;
            case 0x3:
                SetGain(ref widget, payload);
                return 0;
            case 0xA:
                return widget.Format;
            case 0xB:
                return (payload & 0x2000) != 0 ? widget.LeftGain : widget.RightGain;
            case 0x7:
                Set(node, ref widget, (byte)(command >> 8), (byte)command);
                return 0;
            case 0xF:
                return Get(node, widget, (byte)(command >> 8), (byte)command);
            default:
                return 0;
        }
    }

    /// <summary>Something was plugged in or out at a jack.</summary>
    /// <returns>The unsolicited response, or null when the guest wants none.</returns>
    public uint? Plug(int node, bool isPlugged)
    {
        ref CodecWidget widget = ref _widgets[node];
        if (widget.IsPlugged == isPlugged)
            return null;
        widget.IsPlugged = isPlugged;
        return (widget.Unsolicited & TellEnable) != 0 ? (uint)(widget.Unsolicited & 0x3F) << UnsolicitedTagShift : null;
    }

    /// <summary>
    /// How many pairs of channels the converters that listen to a stream need: front, rear, centre and low frequencies. Drivers have stereo come out of every
    /// jack; what merely repeats an earlier pair is left out, and is the host's to spread over its own speakers.
    /// </summary>
    public int PairsOf(int tag)
    {
        int pairs = 0;
        for (int pair = 0; pair < CodecNode.OutputConverterCount; pair++)
        {
            if (IsListening(_widgets[CodecNode.FrontConverter + pair], tag) && !IsRepeated(pair))
                pairs = pair + 1;
        }

        return pairs;
    }

    /// <summary>Where the two channels of a converter that plays come from, and how loud they are.</summary>
    /// <param name="pair">0 front, 1 rear, 2 centre and low frequencies.</param>
    /// <returns>Silence when it does not listen to the stream, or its jack is switched off.</returns>
    public ChannelPair OutputOf(int pair, int tag, int channels)
    {
        CodecWidget converter = _widgets[CodecNode.FrontConverter + pair];
        CodecWidget jack = _widgets[CodecNode.FrontJack + pair];
        int left = converter.Stream & 0xF;
        if (!IsListening(converter, tag) || left >= channels || (jack.Control & PinOutput) == 0)
            return ChannelPair.Silent;

        // A stream of one channel is heard on both sides.
        int right = channels == 1 ? left : left + 1;
        return new ChannelPair(left, Gain(converter.LeftGain), right, right < channels ? Gain(converter.RightGain) : 0);
    }

    /// <summary>Into which two channels of a stream the microphone goes, and how loud it is.</summary>
    public ChannelPair InputOf(int tag, int channels)
    {
        CodecWidget converter = _widgets[CodecNode.InputConverter];
        CodecWidget jack = _widgets[CodecNode.MicrophoneJack];
        int left = converter.Stream & 0xF;
        if (!IsListening(converter, tag) || left >= channels || (jack.Control & PinInput) == 0 || !jack.IsPlugged)
            return ChannelPair.Silent;
        return new ChannelPair(left, Gain(converter.LeftGain), left + 1, left + 1 < channels ? Gain(converter.RightGain) : 0);
    }

    public void Save(IStateWriter to)
    {
        foreach (CodecWidget widget in _widgets)
            widget.Save(to);
    }

    public void Restore(IStateReader from)
    {
        foreach (ref CodecWidget widget in _widgets.AsSpan())
            widget.Restore(from);
    }

    /// <summary>A jack that is on has the same channels already.</summary>
    private bool IsRepeated(int pair)
    {
        byte stream = _widgets[CodecNode.FrontConverter + pair].Stream;
        for (int earlier = 0; earlier < pair; earlier++)
        {
            if (_widgets[CodecNode.FrontConverter + earlier].Stream == stream && (_widgets[CodecNode.FrontJack + earlier].Control & PinOutput) != 0)
                return true;
        }

        return false;
    }

    private static bool IsListening(CodecWidget converter, int tag) => tag != 0 && converter.Stream >> 4 == tag;

    private static int Gain(byte setting) => (setting & Mute) != 0 ? 0 : GainTable.Of(setting);

    /// <summary>Bits 13 and 12 of the payload choose left and right.</summary>
    private static void SetGain(ref CodecWidget widget, ushort payload)
    {
        byte setting = (byte)((payload & Mute) | Math.Min(payload & 0x7F, CodecTable.UnityGain));
        if ((payload & 0x2000) != 0)
            widget.LeftGain = setting;
        if ((payload & 0x1000) != 0)
            widget.RightGain = setting;
    }

    private void Set(int node, ref CodecWidget widget, byte verb, byte payload)
    {
        switch (verb)
        {
            case 0x05:
                widget.Power = (byte)(payload & 0xF);
                break;
            case 0x06:
                widget.Stream = payload;
                break;
            case 0x07:
                widget.Control = payload;
                break;
            case 0x08:
                widget.Unsolicited = payload;
                break;
            case 0x0C:
                widget.ExternalAmplifier = payload;
                break;
            case >= 0x1C and <= 0x1F:
                SetByte(ref widget.Configuration, verb - 0x1C, payload);
                break;
            case >= 0x20 and <= 0x23:
                SetByte(ref widget.Configuration, verb - 0x20, payload);
                break;
            case 0x2D:
                widget.LargestChannel = payload;
                break;
            case 0xFF when node == CodecNode.FunctionGroup:
                Reset();
                break;
        }
    }

    private static uint Get(int node, CodecWidget widget, byte verb, byte payload) => verb switch
    {
        0x00 => CodecTable.Parameter(node, payload),
        0x02 => payload == 0 ? (uint)CodecTable.Source(node) : 0,
        0x05 => widget.Power | ((uint)widget.Power << 4),
        0x06 => widget.Stream,
        0x07 => widget.Control,
        0x08 => widget.Unsolicited,
        0x09 => node >= CodecNode.FrontJack && widget.IsPlugged ? Present : 0,
        0x0C => widget.ExternalAmplifier,
        0x1C or 0x20 => widget.Configuration,
        0x2D => widget.LargestChannel,
        _ => 0,
    };

    private static void SetByte(ref uint value, int index, byte part) => value = (value & ~(0xFFU << (8 * index))) | ((uint)part << (8 * index));
}
