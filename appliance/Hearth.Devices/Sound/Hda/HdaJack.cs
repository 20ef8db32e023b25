namespace Hearth.Devices.Sound.Hda;

/// <summary>The jacks of the sound card.</summary>
public enum HdaJack
{
    Front,
    Rear,

    /// <summary>Centre and low frequencies.</summary>
    Centre,

    Microphone,
}
