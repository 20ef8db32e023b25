using Hearth.Machine;

namespace Hearth.Devices.Sound.Hda;

/// <summary>A stream's format register, and a converter's (Intel High Definition Audio 1.0a, section 3.7.1).</summary>
internal readonly record struct HdaStreamFormat(ushort Value)
{
    private const int Base48 = 48_000;
    private const int Base44 = 44_100;

    /// <summary>Compressed data, which goes through unheard.</summary>
    public bool IsPcm => (Value & 0x8000) == 0;

    /// <summary>Frames a second; a reserved multiplier counts as one.</summary>
    public int Rate
    {
        get
        {
            int multiplier = ((Value >> 11) & 7) + 1;
            int divisor = ((Value >> 8) & 7) + 1;
            return ((Value & 0x4000) == 0 ? Base48 : Base44) * (multiplier > 4 ? 1 : multiplier) / divisor;
        }
    }

    /// <summary>1 to 16.</summary>
    public int Channels => (Value & 0xF) + 1;

    /// <summary>Bytes of a sample in memory; a reserved size is that of the largest.</summary>
    public int BytesPerSample => ((Value >> 4) & 7) switch
    {
        0 => 1,
        1 => 2,
        _ => 4,
    };

    public int BytesPerFrame => Channels * BytesPerSample;

    /// <summary>The samples as a backend has them; of 20 bits the lowest 4 are zero.</summary>
    public SoundSample Sample => ((Value >> 4) & 7) switch
    {
        0 or 1 => SoundSample.Signed16,
        2 or 3 => SoundSample.Signed24,
        _ => SoundSample.Signed32,
    };
}
