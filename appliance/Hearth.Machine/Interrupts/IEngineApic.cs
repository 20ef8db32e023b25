namespace Hearth.Machine;

/// <summary>One local APIC of a CPU engine.</summary>
public interface IEngineApic
{
    /// <summary>LINT0, the INTR pin.</summary>
    IInterruptLine ExternalInput { get; }

    /// <summary>Connects the controller behind <see cref="ExternalInput"/>; once, before the machine runs.</summary>
    void Connect(IExternalInterruptController external);

    /// <summary>To the state after RESET. While the vCPU does not run, as the two that follow.</summary>
    void Reset();

    /// <param name="now">Nanoseconds of the machine's clock.</param>
    LocalApicState Save(long now);

    /// <inheritdoc cref="Save"/>
    /// <exception cref="SavedStateException">The APIC cannot be in this state.</exception>
    void Restore(LocalApicState state, long now);
}
