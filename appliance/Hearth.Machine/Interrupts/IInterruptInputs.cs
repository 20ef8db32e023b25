namespace Hearth.Machine;

/// <summary>The input pins of an interrupt controller (a PIC pair, an IOAPIC).</summary>
/// <remarks>Called with the lock of a device and of a wire held; the controller takes its own lock and calls no device.</remarks>
public interface IInterruptInputs
{
    /// <param name="pin">The pin's number; one that does not exist is ignored.</param>
    /// <param name="asserted">True when any device on the pin's wire asserts it, whatever the electrical polarity.</param>
    void SetPin(int pin, bool asserted);

    /// <summary>Edges of an <see cref="IEdgeLine"/> on a pin that is low.</summary>
    void Pulse(int pin, int edges, int limit);

    /// <summary>Forgets the edges that a pin is owed.</summary>
    void Cancel(int pin);
}
