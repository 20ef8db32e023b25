namespace Hearth.Protocol;

/// <summary>What is done when a guest's watchdog runs out.</summary>
public enum WatchdogAction
{
    /// <summary>As if the guest had asked for a reset.</summary>
    Reset,

    /// <summary>The run ends.</summary>
    PowerOff,

    /// <summary>It is told, and the guest goes on.</summary>
    Report,
}
