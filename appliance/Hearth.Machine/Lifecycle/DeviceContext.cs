namespace Hearth.Machine;

/// <summary>The small capabilities a device is given when it is created.</summary>
public sealed class DeviceContext
{
    public required IAddressSpace Memory { get; init; }

    public required IAddressSpace Ports { get; init; }

    public required IGuestMemory Ram { get; init; }

    public required IVirtualClock Clock { get; init; }

    public required IMessageInterruptSink Messages { get; init; }

    public required IMachineControl Control { get; init; }

    public required IDeviceLog Log { get; init; }

    /// <summary>Gives the line of a GSI; 0–15 reach the PIC pair and the IOAPIC, 16–23 the IOAPIC alone.</summary>
    public required Func<int, IEdgeLine> Line { get; init; }
}
