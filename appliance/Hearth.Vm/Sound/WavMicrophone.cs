using System.Buffers.Binary;
using Hearth.Machine;

namespace Hearth.Vm.Sound;

/// <summary>A microphone that hears a WAV file, over and over. Its rate is brought to the guest's by straight lines between samples.</summary>
internal sealed class WavMicrophone : ISoundInput
{
    private readonly WavRecording _recording;
    private SoundFormat _format;
    private double _position;
    private double _step;

    public WavMicrophone(WavRecording recording) => _recording = recording;

    public int Drift => 0;

    public void Start(in SoundFormat format)
    {
        _format = format;
        _position = 0;
        _step = (double)_recording.Rate / format.Rate;
    }

    public int Read(Span<byte> frames)
    {
        int count = frames.Length / _format.BytesPerFrame;
        for (int frame = 0; frame < count; frame++)
        {
            Span<byte> to = frames[(frame * _format.BytesPerFrame)..];
            for (int channel = 0; channel < _format.Channels; channel++)
                Put(to[(channel * _format.BytesPerSample)..], _recording.At(_position, channel));
            _position += _step;
            if (_position >= _recording.Length)
                _position -= _recording.Length;
        }

        return count * _format.BytesPerFrame;
    }

    public void Stop()
    {
    }

    private void Put(Span<byte> to, float sample)
    {
        switch (_format.Sample)
        {
            case SoundSample.Signed16:
                BinaryPrimitives.WriteInt16LittleEndian(to, (short)(sample * short.MaxValue));
                break;
            case SoundSample.Floating:
                BinaryPrimitives.WriteSingleLittleEndian(to, sample);
                break;
            default:
                BinaryPrimitives.WriteInt32LittleEndian(to, (int)(sample * 0x7FFF_FF00));
                break;
        }
    }
}
