using Hearth.Machine;

namespace Hearth.Fuzz.Devices;

/// <summary>A host that hears nothing and says nothing, at a pace of its own.</summary>
internal sealed class SilentSound : ISoundBackend, ISoundOutput, ISoundInput
{
    private SoundFormat _format;

    public int Drift => _format.Rate % 5000;

    public ISoundOutput CreateOutput(string name) => this;

    public ISoundInput CreateInput(string name) => new SilentSound();

    public void Start(in SoundFormat format) => _format = format;

    public void Stop() => _format = default;

    public void Write(ReadOnlySpan<byte> frames)
    {
    }

    public int Read(Span<byte> frames) => frames.Length / 2 / _format.BytesPerFrame * _format.BytesPerFrame;
}
