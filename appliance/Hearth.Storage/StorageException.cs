namespace Hearth.Storage;

/// <summary>A disk that cannot be used as configured; the message is one sentence for the user.</summary>
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
}
