using System.Buffers.Binary;
using Hearth.Machine;

namespace Hearth.Devices.Sound.Hda;

/// <summary>
/// The link between the DMA engines and the host: takes the channels of a stream apart by what the codec's converters listen to, applies its
/// amplifiers, and puts them in the host's order. The controller's lock is held.
/// </summary>
internal sealed class HdaLink : IHdaStreamPort
{
    private const int SilentByte = 0x80; // Samples of 8 bits have no sign.
    private const int FrontCentre = 2;
    private const int BackLeft = 4;

    private readonly HdaCodec _codec;
    private readonly ISoundOutput[] _outputs;
    private readonly ISoundInput[] _inputs;
    private readonly SoundFormat[] _formats;
    private readonly bool[] _isStarted;
    private readonly byte[] _host = new byte[HdaStream.SliceFrames * SoundFormat.MaximumChannels * sizeof(int)];
    private readonly ChannelPair[] _pairs = new ChannelPair[CodecNode.OutputConverterCount];

    /// <param name="inputs">One for each stream that records; their numbers come before the outputs'.</param>
    public HdaLink(HdaCodec codec, ISoundInput[] inputs, ISoundOutput[] outputs)
    {
        _codec = codec;
        _inputs = inputs;
        _outputs = outputs;
        _formats = new SoundFormat[inputs.Length + outputs.Length];
        _isStarted = new bool[_formats.Length];
    }

    public void Start(HdaStream stream)
    {
        HdaStreamFormat format = stream.Format;

        // What is played has a place for each converter that listens, and for each channel there is.
        int pairs = Math.Clamp(Math.Max(_codec.PairsOf(stream.Tag), (format.Channels + 1) / 2), 1, CodecNode.OutputConverterCount);
        var host = new SoundFormat(format.Rate, stream.IsOutput ? 2 * pairs : 2, format.Sample);
        _formats[stream.Index] = host;
        _isStarted[stream.Index] = true;
        StreamOf(stream).Start(host);
    }

    public void Stop(HdaStream stream)
    {
        if (!_isStarted[stream.Index])
            return;
        _isStarted[stream.Index] = false;
        StreamOf(stream).Stop();
    }

    public int DriftOf(HdaStream stream) => StreamOf(stream).Drift;

    public void Play(HdaStream stream, ReadOnlySpan<byte> frames)
    {
        SoundFormat host = _formats[stream.Index];
        HdaStreamFormat format = stream.Format;
        int count = frames.Length / format.BytesPerFrame;
        for (int pair = 0; pair < _pairs.Length; pair++)
            _pairs[pair] = format.IsPcm ? _codec.OutputOf(pair, stream.Tag, format.Channels) : ChannelPair.Silent;

        Span<byte> to = _host.AsSpan(0, count * host.BytesPerFrame);
        to.Clear();
        for (int pair = 0; pair < host.Channels / 2; pair++)
        {
            ChannelPair source = _pairs[pair];
            int place = PlaceOf(pair, host.Channels);
            Copy(frames, format, source.Left, source.LeftGain, to, host, place);
            Copy(frames, format, source.Right, source.RightGain, to, host, place + 1);
        }

        _outputs[stream.Index - _inputs.Length].Write(to);
    }

    public void Record(HdaStream stream, Span<byte> frames)
    {
        SoundFormat host = _formats[stream.Index];
        HdaStreamFormat format = stream.Format;
        int count = frames.Length / format.BytesPerFrame;
        Span<byte> from = _host.AsSpan(0, count * host.BytesPerFrame);
        from[_inputs[stream.Index].Read(from)..].Clear();

        frames.Fill(format.BytesPerSample == 1 ? (byte)SilentByte : (byte)0);
        ChannelPair target = format.IsPcm ? _codec.InputOf(stream.Tag, format.Channels) : ChannelPair.Silent;
        for (int frame = 0; frame < count; frame++)
        {
            ReadOnlySpan<byte> heard = from[(frame * host.BytesPerFrame)..];
            Span<byte> recorded = frames[(frame * format.BytesPerFrame)..];
            if (target.LeftGain != 0)
                WriteSample(recorded[(target.Left * format.BytesPerSample)..], format, GainTable.Apply(ReadHost(heard, host), target.LeftGain));
            if (target.RightGain != 0)
                WriteSample(recorded[(target.Right * format.BytesPerSample)..], format, GainTable.Apply(ReadHost(heard[host.BytesPerSample..], host), target.RightGain));
        }
    }

    /// <summary>Where a converter's left channel is in the host's frames.</summary>
    private static int PlaceOf(int pair, int channels) => (pair, channels) switch
    {
        (0, _) => 0,
        (1, SoundFormat.MaximumChannels) => BackLeft,
        (1, _) => 2,
        _ => FrontCentre,
    };

    private static void Copy(ReadOnlySpan<byte> frames, HdaStreamFormat format, int channel, int gain, Span<byte> to, SoundFormat host, int place)
    {
        if (gain == 0)
            return;
        int from = channel * format.BytesPerSample;
        for (int at = place * host.BytesPerSample; at < to.Length; at += host.BytesPerFrame, from += format.BytesPerFrame)
        {
            int sample = GainTable.Apply(ReadSample(frames[from..], format), gain);
            if (host.BytesPerSample == sizeof(short))
                BinaryPrimitives.WriteInt16LittleEndian(to[at..], (short)sample);
            else
                BinaryPrimitives.WriteInt32LittleEndian(to[at..], sample);
        }
    }

    /// <summary>A sample as the host has it: 16 bits of one of 8 or 16, 32 of all others.</summary>
    private static int ReadSample(ReadOnlySpan<byte> from, HdaStreamFormat format) => format.BytesPerSample switch
    {
        1 => (from[0] - SilentByte) << 8,
        2 => BinaryPrimitives.ReadInt16LittleEndian(from),
        _ => BinaryPrimitives.ReadInt32LittleEndian(from),
    };

    private static int ReadHost(ReadOnlySpan<byte> from, SoundFormat host) =>
        host.BytesPerSample == sizeof(short) ? BinaryPrimitives.ReadInt16LittleEndian(from) : BinaryPrimitives.ReadInt32LittleEndian(from);

    private static void WriteSample(Span<byte> to, HdaStreamFormat format, int sample)
    {
        switch (format.BytesPerSample)
        {
            case 1:
                to[0] = (byte)((sample >> 8) + SilentByte);
                break;
            case 2:
                BinaryPrimitives.WriteInt16LittleEndian(to, (short)sample);
                break;
            default:
                BinaryPrimitives.WriteInt32LittleEndian(to, sample);
                break;
        }
    }

    private ISoundStream StreamOf(HdaStream stream) => stream.IsOutput ? _outputs[stream.Index - _inputs.Length] : _inputs[stream.Index];
}
