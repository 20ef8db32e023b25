namespace Hearth.Cpu.Kvm;

/// <summary>KVM cannot be used here; the message is a sentence for the user.</summary>
public sealed class KvmException : Exception
{
    public KvmException()
    {
    }

    public KvmException(string message)
        : base(message)
    {
    }

    public KvmException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
