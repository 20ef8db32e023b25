namespace Hearth.Fuzz.Oracle;

/// <summary>The host does not let this process trace a child, or the child cannot be set up.</summary>
internal sealed class OracleException : Exception
{
    public OracleException()
    {
    }

    public OracleException(string message)
        : base(message)
    {
    }

    public OracleException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
