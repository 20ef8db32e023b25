using Hearth.Linux;

namespace Hearth.Storage;

/// <summary>One file of a disk: the disk's own first, then what lies below it.</summary>
/// <param name="File">Open; not owned by this record.</param>
/// <param name="Name">What the user calls it.</param>
public sealed record ChainFile(FileDescriptor File, string Name, DiskFormat Format);
