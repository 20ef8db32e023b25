namespace Hearth.Protocol;

/// <summary>A file that was opened for <c>hearth-vm</c>.</summary>
/// <param name="Descriptor">Its number in <c>hearth-vm</c>.</param>
/// <param name="Name">How messages call it; never opened.</param>
public sealed record OpenFile(int Descriptor, string Name);
