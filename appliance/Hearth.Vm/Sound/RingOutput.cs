using Hearth.Machine;

namespace Hearth.Vm.Sound;

/// <summary>A stream that a guest plays, into a ring that the host's side takes from. Without one that takes, what is played is gone.</summary>
internal sealed class RingOutput : ISoundOutput, IDisposable
{
    /// <summary>Milliseconds that the ring holds when both clocks agree.</summary>
    public const int TargetMilliseconds = 40;

    // An ear hears half a per cent in a held tone; a crystal is off by a hundredth of that.
    private const int LargestDrift = 2_000;

    // A ring that is off by this many milliseconds is brought back as fast as it may be.
    private const int LargestError = 40;

    private readonly string _name;
    private readonly Action<SoundRing>? _created;
    private SoundRing? _ring;
    private SoundFormat _format;

    /// <param name="created">Gets the ring when the first run begins; null when nobody takes from it.</param>
    public RingOutput(string name, Action<SoundRing>? created)
    {
        _name = name;
        _created = created;
    }

    public int Drift
    {
        get
        {
            if (_ring is not { IsPulled: true } ring || _format.Rate == 0)
                return 0;
            long fill = (long)ring.Fill * 1000 / ((long)_format.Rate * _format.BytesPerFrame);
            return (int)Math.Clamp((TargetMilliseconds - fill) * LargestDrift / LargestError, -LargestDrift, LargestDrift);
        }
    }

    public void Start(in SoundFormat format)
    {
        _format = format;
        if (_created is null)
            return;
        if (_ring is null)
        {
            _ring = new SoundRing(_name);
            _created(_ring);
        }

        _ring.WriteStart(format);
    }

    public void Write(ReadOnlySpan<byte> frames) => _ring?.WriteFrames(frames);

    public void Stop() => _ring?.WriteStop();

    public void Dispose() => _ring?.Dispose();
}
