namespace Hearth.Machine;

/// <summary>A wire that several sources share; its level is the OR of theirs.</summary>
internal sealed class InterruptWire(IInterruptInputs? pic, int picPin, IInterruptInputs ioApic, int ioApicPin)
{
    // Held while the controllers are told, so that they see the levels in the order they came about.
    // Lock order: device, wire, interrupt controller.
    private readonly Lock _lock = new();
    private int _asserted;

    public void Set(InterruptSource source, bool asserted)
    {
        lock (_lock)
        {
            if (source.IsAsserted == asserted)
                return;
            source.IsAsserted = asserted;
            bool before = _asserted > 0;
            _asserted += asserted ? 1 : -1;
            if (before == _asserted > 0)
                return;
            pic?.SetPin(picPin, asserted);
            ioApic.SetPin(ioApicPin, asserted);
        }
    }

    public void Pulse(int edges, int limit)
    {
        lock (_lock)
        {
            // While another source holds the wire there is no edge.
            if (_asserted > 0)
                return;
            pic?.Pulse(picPin, edges, limit);
            ioApic.Pulse(ioApicPin, edges, limit);
        }
    }

    public void Cancel()
    {
        lock (_lock)
        {
            pic?.Cancel(picPin);
            ioApic.Cancel(ioApicPin);
        }
    }
}
