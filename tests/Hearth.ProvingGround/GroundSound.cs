namespace Hearth.Proving;

/// <summary>The sound card of a proving ground; its driver is loaded with it.</summary>
public enum GroundSound
{
    None,

    /// <summary>Intel's AC '97 controller with the driver snd_intel8x0.</summary>
    Ac97,

    /// <summary>High Definition Audio of the ICH9 with one output codec and the driver snd_hda_intel.</summary>
    Ich9Hda,
}
