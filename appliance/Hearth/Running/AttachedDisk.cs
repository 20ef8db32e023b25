namespace Hearth.Running;

/// <summary>A disk that a guest's process has, by the order in which it has them.</summary>
/// <param name="IsWritten">It writes to a layer of it.</param>
internal sealed record AttachedDisk(int Slot, bool IsWritten);
