namespace Hearth.Machine;

/// <summary>The controller behind a local APIC's ExtINT input: the PIC pair.</summary>
public interface IExternalInterruptController
{
    /// <summary>Runs the two INTA cycles (8259A data sheet, "Interrupt sequence").</summary>
    /// <returns>The vector; the spurious one of input 7 when the request is gone.</returns>
    int Acknowledge();
}
