namespace Hearth.Running;

/// <summary>What a guest has written to one of its disks.</summary>
/// <param name="Slot">The disk's own number among the guest's, which stays when others come and go.</param>
/// <param name="Path">The image that the disk was given as; by it the disk is known again.</param>
/// <param name="Format">Of that; null where it is recognised.</param>
/// <param name="Layer">The file that has what was written last; 0 where nothing was.</param>
internal sealed record DiskRecord(int Slot, string Path, string? Format, int Layer);
