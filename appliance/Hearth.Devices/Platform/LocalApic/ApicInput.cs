using Hearth.Machine;

namespace Hearth.Devices.Platform.LocalApic;

/// <summary>One of the local interrupt pins, LINT0 or LINT1.</summary>
internal sealed class ApicInput(LocalApicDevice apic, uint register) : IInterruptLine
{
    public void Set(bool asserted) => apic.SetInput(register, asserted);
}
