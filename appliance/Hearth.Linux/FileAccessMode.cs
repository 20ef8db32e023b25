namespace Hearth.Linux;

/// <summary>How <see cref="FileDescriptor.Open"/> opens a file.</summary>
public enum FileAccessMode
{
    Read,
    ReadWrite,

    /// <summary>For writing; created, or emptied when it exists.</summary>
    Create,

    /// <summary>A directory, to link files into it.</summary>
    Directory,

    /// <summary>A nameless file inside the directory; it vanishes unless <see cref="FileDescriptor.LinkInto"/> names it.</summary>
    Nameless,
}
