namespace Hearth.Devices.Platform.IoApic;

/// <summary>The registers of the IOAPIC (82093AA data sheet, section 3; the EOI register by the ICH data sheets).</summary>
internal static class IoApicRegisters
{
    public const ulong Select = 0x00;
    public const ulong Window = 0x10;
    public const ulong EndOfInterrupt = 0x40;

    public const byte IndexId = 0x00;
    public const byte IndexVersion = 0x01;
    public const byte IndexArbitration = 0x02;
    public const byte IndexTable = 0x10;

    /// <summary>Version 0x20 (it has the EOI register); the last entry is 23.</summary>
    public const uint VersionValue = 0x0017_0020;

    public const uint IdMask = 0x0F00_0000;
}
