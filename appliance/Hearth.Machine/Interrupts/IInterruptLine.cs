namespace Hearth.Machine;

/// <summary>One level-driven interrupt wire into the interrupt controllers (an ISA IRQ or a GSI).</summary>
/// <remarks>
/// May be set from any thread, also while the caller holds its own device lock: an interrupt controller never calls back
/// into a device. Setting the level it has already is cheap and has no effect. Edge-triggered inputs see the rising edge.
/// </remarks>
public interface IInterruptLine
{
    void Set(bool asserted);
}
