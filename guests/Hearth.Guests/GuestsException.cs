namespace Hearth.Guests;

/// <summary>Something a guest is built from cannot be had or is broken. The message is one sentence that says what to do.</summary>
public sealed class GuestsException : Exception
{
    public GuestsException()
    {
    }

    public GuestsException(string message)
        : base(message)
    {
    }

    public GuestsException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
