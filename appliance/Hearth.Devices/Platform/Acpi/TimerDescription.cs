namespace Hearth.Devices.Platform.Acpi;

/// <summary>The HPET table (IA-PC HPET Specification 1.0a, section 3.2.4).</summary>
internal static class TimerDescription
{
    private const byte MemorySpace = 0;
    private const byte RegisterWidth = 64;

    // 128 ticks of a 100 MHz counter: less than a guest can hit in periodic mode without losing interrupts.
    private const int MinimumTick = 128;

    public static byte[] Build(uint address, uint capabilities) => DescriptionHeader.Finish(DescriptionHeader.Begin("HPET", 1)
        .Dword(capabilities).Byte(MemorySpace).Byte(RegisterWidth).Byte(0).Byte(0).Qword(address)
        .Byte(0).Word(MinimumTick).Byte(0));
}
