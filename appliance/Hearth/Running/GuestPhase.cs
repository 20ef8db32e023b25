namespace Hearth.Running;

/// <summary>What a guest does.</summary>
/// <remarks>
/// <code>
/// Stopped ── start ──► Starting ──► Running ◄──► Paused
///    ▲                    ▲            │
///    └── Stopping ◄───────┼────────────┤
/// Saved ── start ──► Restoring ◄───────┴── crash: the ladder ──► Crashed
/// </code>
/// </remarks>
internal enum GuestPhase
{
    /// <summary>There is no process, and it boots when it starts.</summary>
    Stopped,

    /// <summary>Its process is being started.</summary>
    Starting,

    Running,

    Paused,

    /// <summary>It was asked to end.</summary>
    Stopping,

    /// <summary>There is no process; it goes on from its last saved state when it starts.</summary>
    Saved,

    /// <summary>It is being brought back from a saved state.</summary>
    Restoring,

    /// <summary>It ended by itself too often: nothing more is tried, everything is kept.</summary>
    Crashed,
}
