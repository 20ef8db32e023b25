namespace Hearth.Doctor.Facts;

/// <summary>Everything <c>hearth doctor</c> tells of this host. Its JSON form is described in docs/doctor.md.</summary>
internal sealed record HostFacts
{
    public const int CurrentVersion = 1;

    /// <summary>Goes up when a name goes or changes its meaning; new names may come without.</summary>
    public int Version { get; init; } = CurrentVersion;

    public required EngineFacts Engine { get; init; }

    public required ProcessorFacts Processor { get; init; }

    public required VirtualizationFacts Virtualization { get; init; }

    public required IsolationFacts Isolation { get; init; }

    public required MemoryFacts Memory { get; init; }

    public required Found<GraphicsCard> Displays { get; init; }

    public required Found<SoundCard> Sound { get; init; }

    public required Found<InputDevice> Input { get; init; }

    public required Found<UsbDevice> Usb { get; init; }

    public required NetworkFacts Network { get; init; }

    public required VersionFacts Versions { get; init; }
}
