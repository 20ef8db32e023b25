namespace Hearth.Protocol;

/// <summary>How a guest is run for the supervisor.</summary>
/// <param name="Listener">A listening socket for messages: the supervisor connects, again when it was restarted.</param>
public sealed record HostingConfiguration(int Listener)
{
    /// <summary>A saved state to go on from: processors and devices are in this file, memory comes by <see cref="FillRequest"/>. null to boot.</summary>
    public OpenFile? Machine { get; init; }

    /// <summary>The identifier of that state; 0 for none.</summary>
    public long Base { get; init; }

    /// <summary>/dev/userfaultfd; null where it does not open.</summary>
    public int? UserFaults { get; init; }

    /// <summary>The socket of the jail, through which this process asks for its root to be emptied; null where it is not in one.</summary>
    public int? Seal { get; init; }
}
