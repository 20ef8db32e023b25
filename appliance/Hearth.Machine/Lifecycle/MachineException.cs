namespace Hearth.Machine;

/// <summary>A machine that cannot be built as configured, or a host failure that stops it. Never caused by a guest.</summary>
public sealed class MachineException : Exception
{
    public MachineException()
    {
    }

    public MachineException(string message)
        : base(message)
    {
    }

    public MachineException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
