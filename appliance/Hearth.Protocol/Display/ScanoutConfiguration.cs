namespace Hearth.Protocol;

/// <summary>One screen, as descriptors.</summary>
/// <param name="Picture">A memory file (<see cref="ScanoutLayout"/>) that <c>hearth-vm</c> alone writes to.</param>
/// <param name="Wish">A memory file (<see cref="ScanoutWish"/>) that whoever looks writes to.</param>
/// <param name="Ready">An event (eventfd(2)), signalled after each frame.</param>
public sealed record ScanoutConfiguration(int Picture, int Wish, int Ready);
