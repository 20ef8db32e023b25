namespace Hearth.Devices.Platform.LocalApic;

/// <summary>What became of an interrupt message; of several receivers' the greatest counts.</summary>
public enum MessageOutcome
{
    /// <summary>Nobody took it: no such APIC, one that is disabled, or a message that makes no sense.</summary>
    Refused,

    /// <summary>The vector was requested already and not yet accepted by the processor, so the two became one.</summary>
    Merged,

    /// <summary>It will interrupt.</summary>
    Taken,
}
