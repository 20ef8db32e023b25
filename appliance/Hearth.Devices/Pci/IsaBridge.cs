using Hearth.Machine;

namespace Hearth.Devices.Pci;

/// <summary>
/// The PIIX3 PCI-to-ISA bridge, function 00:01.0 (Intel 82371SB datasheet, section 2.2). It routes the four PCI interrupt
/// wires to ISA interrupts for guests that use the PIC pair.
/// </summary>
public sealed class IsaBridge : PciFunction
{
    private const int RouteControl = 0x60;
    private const int PirqCount = 4;
    private const byte RouteWritable = 0x8F;
    private const byte RouteDisabled = 0x80;

    private readonly PciInterruptRouter _router;

    /// <param name="bus">The bus whose interrupts it routes.</param>
    public IsaBridge(DeviceContext context, PciBus bus)
        : base("pci-isa-bridge", new PciIdentity(0x8086, 0x7000, 0, 0x060100, 0), context, new Lock())
    {
        ArgumentNullException.ThrowIfNull(bus);
        _router = bus.Router;
        Configuration.Define(0x4C, 0x4D, 0xFF); // ISA I/O recovery timers
        Configuration.DefineUInt16(0x4E, 0x0003, 0x07FF); // X-bus chip select
        Configuration.Define(0x69, 0x02, 0xFE); // top of memory
        Configuration.Define(0x82, 0x02, 0x0F); // deterministic latency: passive release on, as firmware leaves it
        for (int pirq = 0; pirq < PirqCount; pirq++)
            Configuration.Define(RouteControl + pirq, RouteDisabled, RouteWritable);
    }

    /// <summary>Routes PIRQ A to D as firmware does.</summary>
    internal void RouteInterrupts(ReadOnlySpan<byte> irqs)
    {
        for (int pirq = 0; pirq < irqs.Length; pirq++)
            WriteConfiguration(RouteControl + pirq, AccessWidth.Byte, irqs[pirq]);
    }

    protected override void ConfigurationWritten(int offset, AccessWidth width)
    {
        if ((offset & ~3) != RouteControl)
            return;
        lock (Sync)
            FollowRoutesLocked();
    }

    protected override void ResetLocked() => FollowRoutesLocked();

    protected override void RestoreLocked(IStateReader from) => FollowRoutesLocked();

    private void FollowRoutesLocked()
    {
        for (int pirq = 0; pirq < PirqCount; pirq++)
            _router.Route(pirq, (byte)Configuration.Read(RouteControl + pirq, AccessWidth.Byte));
    }
}
