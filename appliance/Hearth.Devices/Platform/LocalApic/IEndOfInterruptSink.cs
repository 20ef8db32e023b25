namespace Hearth.Devices.Platform.LocalApic;

/// <summary>Takes the EOI broadcasts of local APICs: the IOAPIC.</summary>
public interface IEndOfInterruptSink
{
    /// <summary>A level-triggered interrupt has been served. Called without any APIC's lock held.</summary>
    void EndOfInterrupt(byte vector);
}
