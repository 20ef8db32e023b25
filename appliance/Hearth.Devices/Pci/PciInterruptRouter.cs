using System.Numerics;
using Hearth.Machine;

namespace Hearth.Devices.Pci;

/// <summary>
/// The wires between the slots and the interrupt controllers. INTx of a slot reaches GSI 16 + ((slot + pin) mod 4) at the
/// IOAPIC, pin counted from 0, and as PIRQ A to D one of the ISA interrupts if the guest routes it there (PIIX3, section 2.2.6).
/// INTA# of slot 1 is PIRQ A: SeaBIOS sets interrupt line registers by that, and boards with a PIIX have it.
/// </summary>
internal sealed class PciInterruptRouter
{
    private const int WireCount = 4;
    private const int FirstGsi = 16;
    private const int IrqCount = 16;
    private const byte Disabled = 0x80;

    // IRQ 3-7, 9-12, 14, 15: the others belong to the board and cannot be chosen.
    private const uint RoutableIrqs = 0b1101_1110_1111_1000;

    private readonly Lock _sync = new();
    private readonly DeviceContext _context;
    private readonly IInterruptLine[] _irqs = new IInterruptLine[IrqCount];
    private readonly int[] _assertions = new int[WireCount];
    private readonly byte[] _routes = [Disabled, Disabled, Disabled, Disabled];
    private uint _driven;

    public PciInterruptRouter(DeviceContext context)
    {
        _context = context;
        for (int i = 0; i < IrqCount; i++)
            _irqs[i] = context.Line(i);
    }

    /// <summary>The wire of a slot's pin.</summary>
    /// <param name="pin">1 for INTA# to 4 for INTD#.</param>
    public static int WireOf(int slot, int pin) => (slot + pin - 1) % WireCount;

    /// <summary>The wire that is PIRQ A (0) to D (3).</summary>
    public static int WireOfPirq(int pirq) => (pirq + 1) % WireCount;

    /// <summary>The PIRQ, A (0) to D (3), of a slot's pin.</summary>
    /// <param name="pin">1 for INTA# to 4 for INTD#.</param>
    public static int PirqOf(int slot, int pin) => (WireOf(slot, pin) + WireCount - 1) % WireCount;

    /// <summary>A source on that wire for one function.</summary>
    public IInterruptLine Connect(int slot, int pin)
    {
        int wire = WireOf(slot, pin);
        return new Source(this, wire, _context.Line(FirstGsi + wire));
    }

    /// <param name="pirq">0 for PIRQ A to 3 for PIRQ D.</param>
    /// <param name="route">The PIRQRC register: bit 7 set cuts the wire off the ISA interrupts, bits 3-0 choose one.</param>
    public void Route(int pirq, byte route)
    {
        lock (_sync)
        {
            _routes[WireOfPirq(pirq)] = route;
            DriveLocked();
        }
    }

    private void Count(int wire, int change)
    {
        lock (_sync)
        {
            _assertions[wire] += change;
            DriveLocked();
        }
    }

    private void DriveLocked()
    {
        uint wanted = 0;
        for (int wire = 0; wire < WireCount; wire++)
        {
            if (_assertions[wire] != 0 && (_routes[wire] & Disabled) == 0)
                wanted |= 1U << (_routes[wire] & 0xF);
        }

        wanted &= RoutableIrqs;
        for (uint changed = wanted ^ _driven; changed != 0; changed &= changed - 1)
        {
            int irq = BitOperations.TrailingZeroCount(changed);
            _irqs[irq].Set((wanted & (1U << irq)) != 0);
        }

        _driven = wanted;
    }

    /// <summary>One function's contact to a wire. Its level is guarded by the function's lock.</summary>
    private sealed class Source(PciInterruptRouter router, int wire, IInterruptLine gsi) : IInterruptLine
    {
        private bool _asserted;

        public void Set(bool asserted)
        {
            if (_asserted == asserted)
                return;
            _asserted = asserted;
            gsi.Set(asserted);
            router.Count(wire, asserted ? 1 : -1);
        }
    }
}
