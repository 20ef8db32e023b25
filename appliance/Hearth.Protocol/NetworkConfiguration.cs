namespace Hearth.Protocol;

/// <summary>
/// A virtio NIC. Its frames go over a connected stream socket, each after its length (32 bits, big-endian), as passt speaks it; or over a tap interface, one with each read and write.
/// </summary>
/// <param name="MacAddress">As in <c>52:54:00:12:34:56</c>.</param>
/// <param name="ProcessId">The child at the other end, which ends with the guest; 0 for none.</param>
public sealed record NetworkConfiguration(int Descriptor, string MacAddress, int ProcessId = 0)
{
    /// <summary>The descriptor is a tap interface's, and non-blocking.</summary>
    public bool IsTap { get; init; }
}
