namespace Hearth.Protocol;

/// <summary>A file that takes what a guest gives out. It is emptied when the guest starts, and not before: a guest that cannot start changes nothing.</summary>
/// <param name="Descriptor">Open for writing.</param>
/// <param name="Folder">The descriptor of the folder in which it was made for this guest, to be taken away where that does not start; null where it was there before.</param>
/// <param name="Name">Its name there.</param>
public sealed record OutputFile(int Descriptor, int? Folder, string Name);
