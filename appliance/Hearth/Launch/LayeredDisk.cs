using Hearth.House;

namespace Hearth.Launch;

/// <summary>A disk of a guest of the house, and the files that have what the guest has written to it.</summary>
/// <param name="Layers">The top one first; empty where nothing was written.</param>
internal sealed record LayeredDisk(GuestDisk Disk, IReadOnlyList<string> Layers);
