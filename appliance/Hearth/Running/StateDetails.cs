using Hearth.House;

namespace Hearth.Running;

/// <summary>What goes with a saved state, in the state itself: a state explains itself where the house's file has been lost.</summary>
/// <param name="Disks">What the guest had written to its disks.</param>
/// <param name="Layers">All layers that these lie on.</param>
/// <param name="IsCheckpoint">It was taken by itself.</param>
/// <param name="Label">What people call it.</param>
/// <param name="Memory">Bytes of memory the guest had.</param>
/// <param name="PauseMicroseconds">How long the guest stood still for it.</param>
/// <param name="Machine">What the guest was when it booted (<see cref="GuestPresent.Machine"/>); null in states that know nothing of it: then it is what it is now.</param>
internal sealed record StateDetails(
    IReadOnlyList<DiskRecord> Disks, IReadOnlyList<LayerRecord> Layers, bool IsCheckpoint, string? Label, long Memory, long PauseMicroseconds, GuestDefinition? Machine = null);
