namespace Hearth.Machine;

/// <summary>The interrupt wires of the machine and where they end: the PIC pair, the IOAPIC, or both.</summary>
/// <remarks>
/// GSI 0 (the PIT) reaches PIC input 0 and, as on every PC with an IOAPIC, its pin 2, because PIC input 2 is the cascade;
/// GSI 2 is another name of that wire. 1 and 3–15 reach the inputs of their number on both, 16–23 the IOAPIC alone.
/// </remarks>
public sealed class InterruptRouter
{
    /// <summary>GSIs, and pins of the IOAPIC.</summary>
    public const int GsiCount = 24;

    private const int IsaCount = 16;
    private const int TimerGsi = 0;
    private const int TimerPin = 2;

    private readonly InterruptWire[] _wires = new InterruptWire[GsiCount];

    public InterruptRouter(IInterruptInputs pic, IInterruptInputs ioApic)
    {
        for (int gsi = 0; gsi < GsiCount; gsi++)
            _wires[gsi] = new InterruptWire(gsi < IsaCount ? pic : null, gsi, ioApic, gsi == TimerGsi ? TimerPin : gsi);
        _wires[TimerPin] = _wires[TimerGsi];
    }

    /// <summary>Adds a source to a wire. The wire is asserted while any of its sources is.</summary>
    /// <exception cref="MachineException">There is no such GSI.</exception>
    public IEdgeLine Line(int gsi)
    {
        if ((uint)gsi >= GsiCount)
            throw new MachineException($"There is no interrupt line {gsi}; the lines are 0 to {GsiCount - 1}.");
        return new InterruptSource(_wires[gsi]);
    }
}
