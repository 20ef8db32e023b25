namespace Hearth.Machine;

/// <summary>A saved state that is damaged, cut short, or of a version that is not known here.</summary>
public sealed class SavedStateException : Exception
{
    public SavedStateException()
    {
    }

    public SavedStateException(string message)
        : base(message)
    {
    }

    public SavedStateException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
