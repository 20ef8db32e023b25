using Hearth.Machine;

namespace Hearth.Vm.Sound;

/// <summary>The host's side of a guest's sound card. Where nobody listens, the guest plays all the same, as long as it takes.</summary>
internal sealed class GuestSound : ISoundBackend, IDisposable
{
    private readonly WavRecorder? _recorder;
    private readonly WavRecording? _microphone;
    private readonly List<RingOutput> _outputs = [];

    /// <param name="recorder">Takes what is played; owned by this. Null for nobody.</param>
    /// <param name="microphone">What microphones hear; null for nothing.</param>
    public GuestSound(WavRecorder? recorder, WavRecording? microphone)
    {
        _recorder = recorder;
        _microphone = microphone;
    }

    public ISoundOutput CreateOutput(string name)
    {
        var output = new RingOutput(name, _recorder is { } recorder ? recorder.Add : null);
        _outputs.Add(output);
        return output;
    }

    public ISoundInput CreateInput(string name) => _microphone is null ? new SilentInput() : new WavMicrophone(_microphone);

    public void Dispose()
    {
        _recorder?.Dispose();
        foreach (RingOutput output in _outputs)
            output.Dispose();
    }
}
