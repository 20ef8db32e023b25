using Hearth.Devices.Platform.Acpi;
using Hearth.Devices.Platform.PowerManagement;
using Hearth.Machine;

namespace Hearth.Devices.Platform.Smbios;

/// <summary>
/// The tables of the MultiProcessor Specification 1.4 (Intel, chapter 4), for kernels without ACPI: the same processors,
/// IOAPIC and interrupt routing as the MADT and the _PRT.
/// </summary>
public static class MultiprocessorTables
{
    /// <summary>Where the floating pointer lies; a kernel searches the BIOS area for it.</summary>
    public const ulong Start = 0xF_8000;

    private const uint TableOffset = 0x10;
    private const ulong End = 0xF_FFF0;

    private const byte Revision14 = 4;
    private const uint HighestApicId = 0xFE;

    private const byte ProcessorEntry = 0;
    private const byte BusEntry = 1;
    private const byte IoApicEntry = 2;
    private const byte IoInterruptEntry = 3;
    private const byte LocalInterruptEntry = 4;

    private const byte PciBus = 0;
    private const byte IsaBus = 1;
    private const byte ApicVersion = 0x14;
    private const byte IoApicVersion = 0x20;

    private const byte VectoredInterrupt = 0;
    private const byte Nmi = 1;
    private const byte ExternalInterrupt = 3;
    private const byte AllApics = 0xFF;
    private const int AsTheBus = 0;
    private const int LevelHigh = 0b1101;

    private const int IsaInterrupts = 16;
    private const int TimerInterrupt = 0;
    private const int CascadeInterrupt = 2;
    private const int TimerPin = 2;
    private const int Slots = 32;
    private const int Pins = 4;

    /// <summary>Builds the tables; processors that a byte cannot name are left out.</summary>
    /// <param name="processorSignature">CPUID leaf 1, EAX.</param>
    /// <param name="processorFeatures">CPUID leaf 1, EDX.</param>
    /// <exception cref="MachineException">There are too many processors for the space.</exception>
    public static IReadOnlyList<FirmwareTable> Build(AcpiConfiguration configuration, uint processorSignature, uint processorFeatures)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        List<byte[]> entries = [.. Entries(configuration, processorSignature, processorFeatures)];
        byte[] table = Table(configuration, entries);
        if (Start + TableOffset + (ulong)table.Length > End)
            throw new MachineException("The MP tables do not fit into the BIOS area: the machine has too many processors.");
        return
        [
            new FirmwareTable("_MP_", new GuestAddress(Start), FloatingPointer()),
            new FirmwareTable("PCMP", new GuestAddress(Start + TableOffset), table),
        ];
    }

    /// <summary>Section 4.1; IMCR is not present: the machine starts in virtual wire mode.</summary>
    private static byte[] FloatingPointer() => new TableWriter()
        .Text("_MP_", 4).Dword((uint)(Start + TableOffset)).Byte(1).Byte(Revision14).Byte(0).Zeros(5)
        .ToArrayWithChecksum(10);

    /// <summary>Section 4.2.</summary>
    private static byte[] Table(AcpiConfiguration configuration, List<byte[]> entries)
    {
        const int HeaderSize = 44;
        int length = HeaderSize + entries.Sum(entry => entry.Length);
        TableWriter table = new TableWriter()
            .Text("PCMP", 4).Word(length).Byte(Revision14).Byte(0).Text("HEARTH", 8).Text("HEARTH PC", 12)
            .Dword(0).Word(0).Word(entries.Count).Dword(configuration.LocalApicAddress).Word(0).Byte(0).Byte(0);
        foreach (byte[] entry in entries)
            table.Bytes(entry);
        return table.ToArrayWithChecksum(7);
    }

    private static IEnumerable<byte[]> Entries(AcpiConfiguration configuration, uint signature, uint features)
    {
        const byte Enabled = 1;
        const byte Bootstrap = 2;
        foreach (uint id in configuration.ApicIds.Where(id => id <= HighestApicId))
        {
            yield return new TableWriter()
                .Byte(ProcessorEntry).Byte((byte)id).Byte(ApicVersion).Byte(id == configuration.ApicIds[0] ? Enabled | Bootstrap : Enabled)
                .Dword(signature).Dword(features).Zeros(8).ToArray();
        }

        yield return new TableWriter().Byte(BusEntry).Byte(PciBus).Text("PCI", 6).ToArray();
        yield return new TableWriter().Byte(BusEntry).Byte(IsaBus).Text("ISA", 6).ToArray();
        yield return new TableWriter()
            .Byte(IoApicEntry).Byte(configuration.IoApicId).Byte(IoApicVersion).Byte(Enabled).Dword(configuration.IoApicAddress).ToArray();
        for (int interrupt = 0; interrupt < IsaInterrupts; interrupt++)
        {
            // The cascade of the PIC pair has no wire of its own; its IOAPIC input takes the timer.
            if (interrupt != CascadeInterrupt)
                yield return IsaInterrupt(configuration.IoApicId, interrupt);
        }

        for (int slot = 0; slot < Slots; slot++)
        {
            for (int pin = 0; pin < Pins; pin++)
                yield return IoInterrupt(configuration.IoApicId, AsTheBus, PciBus, (slot << 2) | pin, Dsdt.InterruptOf(slot, pin));
        }

        yield return LocalInterrupt(ExternalInterrupt, (byte)configuration.ApicIds[0], 0);
        yield return LocalInterrupt(Nmi, AllApics, 1);
    }

    private static byte[] IsaInterrupt(byte ioApic, int interrupt) => IoInterrupt(
        ioApic,
        interrupt == PowerManagementRegisters.SystemControlInterrupt ? LevelHigh : AsTheBus,
        IsaBus,
        interrupt,
        interrupt == TimerInterrupt ? TimerPin : interrupt);

    private static byte[] IoInterrupt(byte ioApic, int flags, byte bus, int source, int pin) => new TableWriter()
        .Byte(IoInterruptEntry).Byte(VectoredInterrupt).Word(flags).Byte(bus).Byte(source).Byte(ioApic).Byte(pin).ToArray();

    private static byte[] LocalInterrupt(byte type, byte apic, byte input) => new TableWriter()
        .Byte(LocalInterruptEntry).Byte(type).Word(AsTheBus).Byte(IsaBus).Byte(0).Byte(apic).Byte(input).ToArray();
}
