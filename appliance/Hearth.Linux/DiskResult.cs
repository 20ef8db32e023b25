namespace Hearth.Linux;

/// <summary>How a transfer of a <see cref="DiskFile"/> ended.</summary>
public enum DiskResult
{
    Ok,
    IoError,

    /// <summary>The file system or the user's quota is full.</summary>
    NoSpace,

    /// <summary>The file system has no such operation; nothing happened.</summary>
    NotSupported,
}
