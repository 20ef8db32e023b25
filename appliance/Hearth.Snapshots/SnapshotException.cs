namespace Hearth.Snapshots;

/// <summary>A saved state that cannot be kept or taken back, in one sentence that names the file.</summary>
public sealed class SnapshotException : Exception
{
    public SnapshotException()
    {
    }

    public SnapshotException(string message)
        : base(message)
    {
    }

    public SnapshotException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
