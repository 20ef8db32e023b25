namespace Hearth.Running;

/// <summary>How a guest is to be saved.</summary>
/// <param name="Label">What the state is called by people; null for nothing.</param>
/// <param name="Stops">The guest's process ends once the state is on stable storage, and goes on from it when it starts again.</param>
/// <param name="IsPinned">The state is never thinned out.</param>
/// <param name="StaysPaused">What the guest would do behind the state nobody will see: whoever asks ends it.</param>
internal sealed record SaveRequest(string? Label = null, bool Stops = false, bool IsPinned = false, bool StaysPaused = false)
{
    /// <summary>The guest does not go on behind the cut.</summary>
    public bool IsLast => Stops || StaysPaused;
}
