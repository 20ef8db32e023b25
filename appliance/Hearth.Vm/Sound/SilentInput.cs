using Hearth.Machine;

namespace Hearth.Vm.Sound;

/// <summary>A microphone that hears nothing.</summary>
internal sealed class SilentInput : ISoundInput
{
    public int Drift => 0;

    public void Start(in SoundFormat format)
    {
    }

    public int Read(Span<byte> frames) => 0;

    public void Stop()
    {
    }
}
