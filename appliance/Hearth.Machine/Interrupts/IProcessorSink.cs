namespace Hearth.Machine;

/// <summary>What processors tell the IOAPIC of the interrupts they serve. Called without any APIC's lock held.</summary>
public interface IProcessorSink
{
    /// <summary>A processor has accepted an interrupt, so its vector can be requested again.</summary>
    void Accepted(byte vector);

    /// <summary>The EOI broadcast: a level-triggered interrupt has been served.</summary>
    void EndOfInterrupt(byte vector);
}
