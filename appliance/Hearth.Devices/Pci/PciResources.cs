using Hearth.Devices.Storage.Ide;
using Hearth.Machine;

namespace Hearth.Devices.Pci;

/// <summary>
/// Does what firmware does with the bus at power-on, for a kernel that is started directly: places every BAR, turns decoding
/// on and routes the interrupts.
/// </summary>
public static class PciResources
{
    /// <summary>Where memory BARs go; the ACPI tables announce it.</summary>
    public static AddressRange MemoryWindow { get; } = new(0xE000_0000, 0x1EC0_0000);

    /// <summary>Where I/O BARs go.</summary>
    public static AddressRange PortWindow { get; } = new(0xC000, 0x4000);

    // PIRQ A and B share IRQ 10, C and D share 11, as SeaBIOS has it: free on every PC.
    private static readonly byte[] s_pirqIrqs = [10, 10, 11, 11];

    /// <summary>Assigns everything, after the functions were reset and before the first vCPU runs.</summary>
    /// <exception cref="MachineException">The BARs do not fit into their windows.</exception>
    public static void Assign(PciBus bus)
    {
        ArgumentNullException.ThrowIfNull(bus);
        Place(bus, MemoryWindow, bar => bar.Kind != PciBarKind.Io);
        Place(bus, PortWindow, bar => bar.Kind == PciBarKind.Io);
        for (int slot = 0; slot < PciBus.SlotCount; slot++)
        {
            for (int number = 0; number < PciBus.FunctionCount; number++)
            {
                if (bus.Find(slot, number) is { } function)
                    Enable(function, slot);
            }
        }

        foreach (IdeDevice ide in bus.Functions.OfType<IdeDevice>())
            ide.EnableDecoding();
        foreach (IsaBridge bridge in bus.Functions.OfType<IsaBridge>())
            bridge.RouteInterrupts(s_pirqIrqs);
    }

    /// <summary>Largest first, so that natural alignment leaves no holes.</summary>
    private static void Place(PciBus bus, AddressRange window, Func<PciBar, bool> select)
    {
        ulong next = window.Start;
        var bars = bus.Functions.SelectMany(f => f.Bars.Where(select).Select(b => (Function: f, Bar: b)));
        foreach ((PciFunction function, PciBar bar) in bars.OrderByDescending(p => p.Bar.Size))
        {
            next = (next + bar.Size - 1) & ~(bar.Size - 1);
            if (next + bar.Size > window.End)
                throw new MachineException($"The BARs of the PCI devices do not fit into {window}; {function.Name} is left over.");
            function.WriteConfiguration(bar.Register, AccessWidth.Dword, (uint)next);
            if (bar.Kind == PciBarKind.Memory64)
                function.WriteConfiguration(bar.Register + 4, AccessWidth.Dword, (uint)(next >> 32));
            next += bar.Size;
        }
    }

    private static void Enable(PciFunction function, int slot)
    {
        ushort decode = 0;
        foreach (PciBar bar in function.Bars)
            decode |= bar.Kind == PciBarKind.Io ? PciRegisters.CommandIo : PciRegisters.CommandMemory;
        function.WriteConfiguration(PciRegisters.Command, AccessWidth.Word, decode);
        if (function.Identity.InterruptPin == 0)
            return;
        byte irq = s_pirqIrqs[PciInterruptRouter.PirqOf(slot, function.Identity.InterruptPin)];
        function.WriteConfiguration(PciRegisters.InterruptLine, AccessWidth.Byte, irq);
    }
}
