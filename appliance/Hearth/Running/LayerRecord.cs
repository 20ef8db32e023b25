namespace Hearth.Running;

/// <summary>A layer of a disk, and what it lies on. It is kept, and not read from the file: the guest's process writes to that.</summary>
/// <param name="Slot">The disk (<see cref="DiskRecord"/>).</param>
/// <param name="Below">The layer below; 0 for the image that the disk was given as. One that is gone has become one with this one: what was below that is below this.</param>
internal sealed record LayerRecord(int Slot, int Number, int Below);
