namespace Hearth.Machine.Tests.Interrupts;

/// <summary>An interrupt controller that writes down what its pins do.</summary>
internal sealed class RecordingInputs : IInterruptInputs
{
    public List<(int Pin, bool Asserted)> Changes { get; } = [];

    public List<(int Pin, int Edges, int Limit)> Pulses { get; } = [];

    public List<int> Cancellations { get; } = [];

    public void SetPin(int pin, bool asserted) => Changes.Add((pin, asserted));

    public void Pulse(int pin, int edges, int limit) => Pulses.Add((pin, edges, limit));

    public void Cancel(int pin) => Cancellations.Add(pin);
}
