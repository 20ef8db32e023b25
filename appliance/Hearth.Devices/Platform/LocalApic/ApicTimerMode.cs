namespace Hearth.Devices.Platform.LocalApic;

/// <summary>Bits 18:17 of the timer's LVT entry (Intel SDM Vol. 3, figure 11-8).</summary>
internal enum ApicTimerMode : byte
{
    OneShot = 0,
    Periodic = 1,
    TscDeadline = 2,

    /// <summary>Counts as one-shot.</summary>
    Reserved = 3,
}
