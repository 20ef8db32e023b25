using Hearth.Devices.Platform.PowerManagement;

namespace Hearth.Devices.Platform.Acpi;

/// <summary>MADT: processors and interrupt controllers (ACPI 6.5, section 5.2.12).</summary>
internal static class ApicDescription
{
    private const byte Revision = 5;
    private const uint DualPicPresent = 1;
    private const uint Enabled = 1;
    private const uint FirstIdOfX2Apic = 255;
    private const byte AllProcessors = 0xFF;

    private const byte LocalApic = 0;
    private const byte IoApic = 1;
    private const byte SourceOverride = 2;
    private const byte LocalNmi = 4;
    private const byte LocalX2Apic = 9;
    private const byte LocalX2ApicNmi = 10;

    // MPS INTI flags (table 5.26): polarity in bits 0–1, trigger in bits 2–3.
    private const int EdgeHigh = 0b0101;
    private const int LevelHigh = 0b1101;
    private const int AsTheBus = 0;

    private const int TimerInterrupt = 0;
    private const uint TimerPin = 2;
    private const byte NmiInput = 1;

    public static byte[] Build(AcpiConfiguration configuration)
    {
        TableWriter table = DescriptionHeader.Begin("APIC", Revision)
            .Dword(configuration.LocalApicAddress).Dword(DualPicPresent);
        for (int uid = 0; uid < configuration.ApicIds.Count; uid++)
            AppendProcessor(table, uid, configuration.ApicIds[uid]);
        table.Byte(IoApic).Byte(12).Byte(configuration.IoApicId).Byte(0).Dword(configuration.IoApicAddress).Dword(0);
        AppendOverride(table, TimerInterrupt, TimerPin, EdgeHigh);
        AppendOverride(table, PowerManagementRegisters.SystemControlInterrupt, PowerManagementRegisters.SystemControlInterrupt, LevelHigh);
        table.Byte(LocalNmi).Byte(6).Byte(AllProcessors).Word(AsTheBus).Byte(NmiInput);
        if (configuration.ApicIds.Any(id => id >= FirstIdOfX2Apic))
            table.Byte(LocalX2ApicNmi).Byte(12).Word(AsTheBus).Dword(uint.MaxValue).Byte(NmiInput).Zeros(3);
        return DescriptionHeader.Finish(table);
    }

    private static void AppendProcessor(TableWriter table, int uid, uint apicId)
    {
        if (apicId < FirstIdOfX2Apic)
            table.Byte(LocalApic).Byte(8).Byte(uid).Byte((byte)apicId).Dword(Enabled);
        else
            table.Byte(LocalX2Apic).Byte(16).Word(0).Dword(apicId).Dword(Enabled).Dword((uint)uid);
    }

    private static void AppendOverride(TableWriter table, int isaInterrupt, uint pin, int flags) =>
        table.Byte(SourceOverride).Byte(10).Byte(0).Byte(isaInterrupt).Dword(pin).Word(flags);
}
