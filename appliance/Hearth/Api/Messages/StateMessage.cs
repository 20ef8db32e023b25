using Hearth.Running;

namespace Hearth.Api.Messages;

/// <summary>A saved state.</summary>
/// <param name="Checkpoint">It was taken by itself.</param>
/// <param name="Pinned">It is never thinned out.</param>
/// <param name="Memory">Bytes the guest had.</param>
/// <param name="NewBytes">Bytes it took on the disk in addition to the states before it.</param>
/// <param name="PauseMilliseconds">How long the guest stood still for it.</param>
internal sealed record StateMessage(
    long Id, DateTimeOffset Taken, bool Checkpoint, bool Pinned, string? Label, long Memory, long NewBytes, double PauseMilliseconds)
{
    public static StateMessage Of(SavedStateRecord state) => new(
        state.Id, state.Taken, state.IsCheckpoint, state.IsPinned, state.Label, state.Memory, state.NewBytes, state.Pause.TotalMilliseconds);
}
