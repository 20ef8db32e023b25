namespace Hearth.Linux.Jail;

/// <summary>A descriptor that a jailed process is given.</summary>
/// <param name="Descriptor">Stays the giver's; the process has a duplicate of it.</param>
/// <param name="Number">What the process knows it by.</param>
public readonly record struct JailDescriptor(FileDescriptor Descriptor, int Number);
