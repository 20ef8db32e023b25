namespace Hearth.Machine;

/// <summary>The host side of a serial line or console: bytes both ways.</summary>
public interface ICharacterPort
{
    /// <summary>Sends bytes the guest wrote. Never blocks the vCPU for long: a stalled reader loses nothing within a bounded buffer.</summary>
    void Write(ReadOnlySpan<byte> data);

    /// <summary>Connects the device that takes input; called once, before the machine runs.</summary>
    void Connect(ICharacterReceiver receiver);
}

/// <summary>The guest side: takes bytes typed at the host, on the port's thread.</summary>
public interface ICharacterReceiver
{
    /// <returns>How many bytes the device has room for now; the port offers the rest again after a short while.</returns>
    int Receive(ReadOnlySpan<byte> data);
}
