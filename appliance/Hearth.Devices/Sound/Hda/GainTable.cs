namespace Hearth.Devices.Sound.Hda;

/// <summary>What the steps of an amplifier do to a sample.</summary>
internal static class GainTable
{
    /// <summary>Unity.</summary>
    public const int One = 1 << 16;

    private static readonly int[] s_gains =
        [.. Enumerable.Range(0, CodecTable.UnityGain + 1).Select(step => (int)Math.Round(One * Math.Pow(10, (step - CodecTable.UnityGain) / 20.0)))];

    /// <param name="step">0 to <see cref="CodecTable.UnityGain"/>; more counts as that.</param>
    /// <returns>In parts of <see cref="One"/>.</returns>
    public static int Of(int step) => s_gains[Math.Clamp(step, 0, CodecTable.UnityGain)];

    /// <summary>A sample, at whatever width, made softer.</summary>
    public static int Apply(int sample, int gain) => gain == One ? sample : (int)(((long)sample * gain) >> 16);
}
