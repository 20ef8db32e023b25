namespace Hearth.Machine;

/// <summary>What a stream of sound consists of: frames, one after the other, each with a sample for every channel.</summary>
/// <param name="Rate">Frames a second.</param>
/// <param name="Channels">
/// 1 mono; 2 left, right; 4 front left, front right, back left, back right; 6 front left, front right, centre, low frequencies, back left, back right: the
/// order of WAVE_FORMAT_EXTENSIBLE.
/// </param>
public readonly record struct SoundFormat(int Rate, int Channels, SoundSample Sample)
{
    public const int MaximumChannels = 6;

    public int BytesPerSample => Sample == SoundSample.Signed16 ? 2 : 4;

    public int BytesPerFrame => Channels * BytesPerSample;
}
