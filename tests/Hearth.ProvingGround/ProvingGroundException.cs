namespace Hearth.Proving;

/// <summary>A proving ground does not start, has died, or did not do in time what was waited for. The message ends with what it last wrote.</summary>
public sealed class ProvingGroundException : Exception
{
    public ProvingGroundException()
    {
    }

    public ProvingGroundException(string message)
        : base(message)
    {
    }

    public ProvingGroundException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
