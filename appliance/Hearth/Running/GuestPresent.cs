namespace Hearth.Running;

/// <summary>What is kept of a guest beside its definition and its states, so that whoever comes next knows how it was.</summary>
/// <param name="Layers">For each disk the layer that the guest writes to; 0 for a disk that has none.</param>
/// <param name="Saved">The state that the guest was stopped by; 0 where it boots when it starts.</param>
/// <param name="Process">Its process (<see cref="Linux.Jail.ProcessIdentity"/>); null when it has none.</param>
/// <param name="Base">The state that the running guest counts its changes from; 0 for none.</param>
/// <param name="HasCrashed">It ended by itself too often, and is left alone.</param>
internal sealed record GuestPresent(IReadOnlyList<int> Layers, long Saved = 0, string? Process = null, long Base = 0, bool HasCrashed = false)
{
    public static GuestPresent None { get; } = new([]);
}
