namespace Hearth.Running;

/// <summary>What goes with a saved state, in the state itself: a state explains itself where the house's file has been lost.</summary>
/// <param name="Layers">For each disk the layer that has what the guest had written; 0 for a disk that has none.</param>
/// <param name="IsCheckpoint">It was taken by itself.</param>
/// <param name="Label">What people call it.</param>
/// <param name="Memory">Bytes of memory the guest had.</param>
/// <param name="PauseMicroseconds">How long the guest stood still for it.</param>
internal sealed record StateDetails(IReadOnlyList<int> Layers, bool IsCheckpoint, string? Label, long Memory, long PauseMicroseconds);
