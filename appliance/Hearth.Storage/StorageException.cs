using Hearth.Machine;

namespace Hearth.Storage;

/// <summary>A disk that cannot be used as configured, or a host that failed it; the message is one sentence for the user.</summary>
public sealed class StorageException : Exception
{
    public StorageException()
    {
    }

    public StorageException(string message)
        : base(message)
    {
    }

    public StorageException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    public StorageException(string message, BlockStatus status)
        : base(message) =>
        Status = status;

    /// <summary>How a request ends that meets it.</summary>
    public BlockStatus Status { get; } = BlockStatus.IoError;
}
