namespace Hearth.Linux;

/// <summary>How <see cref="FileDescriptor.Open"/> opens a file.</summary>
public enum FileAccessMode
{
    Read,
    ReadWrite,

    /// <summary>For writing to what is there, as it is.</summary>
    Write,

    /// <summary>For writing; it must not exist, and is created.</summary>
    CreateNew,

    /// <summary>A directory, to link files into it.</summary>
    Directory,

    /// <summary>The place only, without a right to what is there: to know it again, or to take names out of a directory.</summary>
    Place,

    /// <summary>A nameless file inside the directory; it vanishes unless <see cref="FileDescriptor.LinkInto"/> names it.</summary>
    Nameless,
}
