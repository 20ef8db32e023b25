namespace Hearth.Devices.Sound.Hda;

/// <summary>Which channels of a stream a converter has, and how loud they are.</summary>
/// <param name="LeftGain">In parts of 65536; zero is silence.</param>
/// <param name="RightGain">As for the left.</param>
internal readonly record struct ChannelPair(int Left, int LeftGain, int Right, int RightGain)
{
    public static ChannelPair Silent => default;
}
