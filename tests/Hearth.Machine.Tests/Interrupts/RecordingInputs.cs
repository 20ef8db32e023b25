namespace Hearth.Machine.Tests.Interrupts;

/// <summary>An interrupt controller that writes down what its pins do.</summary>
internal sealed class RecordingInputs : IInterruptInputs
{
    public List<(int Pin, bool Asserted)> Changes { get; } = [];

    public void SetPin(int pin, bool asserted) => Changes.Add((pin, asserted));
}
