namespace Hearth.Running;

/// <summary>From what a guest starts.</summary>
internal enum StartManner
{
    /// <summary>From its last saved state where it was stopped by saving; otherwise it boots.</summary>
    GoOn,

    /// <summary>It boots; its saved states are kept.</summary>
    Boot,
}
