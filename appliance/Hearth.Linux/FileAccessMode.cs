namespace Hearth.Linux;

/// <summary>How <see cref="FileDescriptor.Open"/> opens a file.</summary>
public enum FileAccessMode
{
    Read,
    ReadWrite,

    /// <summary>For writing; created when it does not exist, and otherwise as it is.</summary>
    Write,

    /// <summary>For writing; it must not exist, and is created.</summary>
    CreateNew,

    /// <summary>A directory, to link files into it.</summary>
    Directory,

    /// <summary>A nameless file inside the directory; it vanishes unless <see cref="FileDescriptor.LinkInto"/> names it.</summary>
    Nameless,
}
