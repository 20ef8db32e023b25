using Hearth.Machine;

namespace Hearth.Devices.Tests.Sound;

/// <summary>A host that keeps what is played and lets a microphone hear a ramp: frame n has the sample n, on both sides.</summary>
internal sealed class FakeSound : ISoundBackend
{
    public List<FakeOutput> Outputs { get; } = [];

    public List<FakeInput> Inputs { get; } = [];

    public ISoundOutput CreateOutput(string name)
    {
        Outputs.Add(new FakeOutput());
        return Outputs[^1];
    }

    public ISoundInput CreateInput(string name)
    {
        Inputs.Add(new FakeInput());
        return Inputs[^1];
    }

    internal sealed class FakeOutput : ISoundOutput
    {
        private readonly byte[] _bytes = new byte[8 << 20];

        public int Drift { get; set; }

        public SoundFormat? Format { get; private set; }

        public int Length { get; private set; }

        public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

        public void Start(in SoundFormat format) => Format = format;

        public void Stop() => Format = null;

        public void Write(ReadOnlySpan<byte> frames)
        {
            // What does not fit is of no use to a test any more.
            if (frames.Length > _bytes.Length - Length)
                Length = 0;
            frames.CopyTo(_bytes.AsSpan(Length));
            Length += frames.Length;
        }
    }

    internal sealed class FakeInput : ISoundInput
    {
        private SoundFormat _format;
        private int _frame;

        public int Drift => 0;

        public bool IsRunning { get; private set; }

        public void Start(in SoundFormat format)
        {
            _format = format;
            IsRunning = true;
        }

        public void Stop() => IsRunning = false;

        public int Read(Span<byte> frames)
        {
            for (int at = 0; at < frames.Length; at += _format.BytesPerFrame, _frame++)
            {
                for (int channel = 0; channel < _format.Channels; channel++)
                    BitConverter.TryWriteBytes(frames[(at + (channel * _format.BytesPerSample))..], (short)_frame);
            }

            return frames.Length;
        }
    }
}
