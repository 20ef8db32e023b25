namespace Hearth.Devices.Platform.Smbios;

/// <summary>The structures of a machine (DMTF DSP0134 3.0, chapter 7). Strings are in the order of their fields.</summary>
internal static class SmbiosStructures
{
    private const string Manufacturer = "Hearth";
    private const string Product = "Hearth PC";
    private const ushort MemoryArrayHandle = 0x1000;
    private const ushort MemoryDeviceHandle = 0x1100;
    private const ushort NotProvided = 0xFFFF;
    private const ushort NoErrorInformation = 0xFFFE;
    private const byte Unknown = 2;
    private const byte Safe = 3;
    private const ulong Mebibyte = 1UL << 20;
    private const ulong Kibibyte = 1UL << 10;
    private const ulong HighMemoryStart = 1UL << 32;

    public static IEnumerable<byte[]> Build(SmbiosConfiguration configuration)
    {
        yield return Firmware(configuration);
        yield return Machine(configuration);
        yield return Chassis(configuration);
        yield return Processor(configuration);
        yield return MemoryArray(configuration);
        yield return MemoryDevice(configuration);
        ulong low = Math.Min(configuration.MemorySize, configuration.LowMemoryEnd);
        yield return MappedAddresses(0x1300, 0, low);
        if (configuration.MemorySize > low)
            yield return MappedAddresses(0x1301, HighMemoryStart, configuration.MemorySize - low);
        yield return new SmbiosStructure(32, 0x2000).Bytes(new byte[6]).Byte(0).ToArray();
        yield return new SmbiosStructure(127, 0x7F00).ToArray();
    }

    // Type 0. Characteristics: none of the old ones; ACPI is supported, and the machine is virtual.
    private static byte[] Firmware(SmbiosConfiguration configuration)
    {
        const ulong CharacteristicsNotSupported = 1 << 3;
        const byte AcpiSupported = 1 << 0;
        const byte VirtualMachine = 1 << 4;
        return new SmbiosStructure(0, 0x0000)
            .Text(Manufacturer).Text(configuration.Version).Word(0xF000).Text("01/01/2026").Byte(0)
            .Qword(CharacteristicsNotSupported).Byte(AcpiSupported).Byte(VirtualMachine)
            .Byte(0).Byte(0).Byte(0xFF).Byte(0xFF).ToArray();
    }

    // Type 1. The first three fields of the UUID are little-endian, as Guid has them.
    private static byte[] Machine(SmbiosConfiguration configuration)
    {
        const byte PowerSwitch = 6;
        return new SmbiosStructure(1, 0x0100)
            .Text(Manufacturer).Text(Product).Text(configuration.Version).Text(configuration.SerialNumber)
            .Bytes(configuration.Uuid.ToByteArray()).Byte(PowerSwitch).Text("").Text("Virtual Machine").ToArray();
    }

    // Type 3.
    private static byte[] Chassis(SmbiosConfiguration configuration)
    {
        const byte Other = 1;
        return new SmbiosStructure(3, 0x0300)
            .Text(Manufacturer).Byte(Other).Text(configuration.Version).Text(configuration.SerialNumber).Text("")
            .Byte(Safe).Byte(Safe).Byte(Safe).Byte(Unknown).Dword(0).Byte(0).Byte(0).Byte(0).Byte(0).Text("").ToArray();
    }

    // Type 4: one socket with a core for each vCPU.
    private static byte[] Processor(SmbiosConfiguration configuration)
    {
        const byte CentralProcessor = 3;
        const byte OtherFamily = 1;
        const byte PopulatedAndEnabled = 0x41;
        const byte OtherUpgrade = 1;
        const int SixtyFourBitAndMulticore = 0x0C;
        int cores = Math.Min(configuration.Processors, 0xFF);
        return new SmbiosStructure(4, 0x0400)
            .Text("CPU 0").Byte(CentralProcessor).Byte(OtherFamily).Text(Manufacturer)
            .Dword(configuration.ProcessorSignature).Dword(configuration.ProcessorFeatures).Text(configuration.ProcessorVersion)
            .Byte(0).Word(0).Word(configuration.ProcessorSpeed).Word(configuration.ProcessorSpeed)
            .Byte(PopulatedAndEnabled).Byte(OtherUpgrade).Word(NotProvided).Word(NotProvided).Word(NotProvided)
            .Text("").Text("").Text("").Byte(cores).Byte(cores).Byte(cores).Word(SixtyFourBitAndMulticore)
            .Word(OtherFamily).Word(configuration.Processors).Word(configuration.Processors).Word(configuration.Processors).ToArray();
    }

    // Type 16.
    private static byte[] MemoryArray(SmbiosConfiguration configuration)
    {
        const byte Motherboard = 3;
        const byte SystemMemory = 3;
        const byte NoErrorCorrection = 3;
        const uint InExtendedField = 0x8000_0000;
        ulong kibibytes = configuration.MemorySize / Kibibyte;
        bool extended = kibibytes >= InExtendedField;
        return new SmbiosStructure(16, MemoryArrayHandle)
            .Byte(Motherboard).Byte(SystemMemory).Byte(NoErrorCorrection)
            .Dword(extended ? InExtendedField : (uint)kibibytes).Word(NoErrorInformation).Word(1)
            .Qword(extended ? configuration.MemorySize : 0).ToArray();
    }

    // Type 17: one module that holds everything.
    private static byte[] MemoryDevice(SmbiosConfiguration configuration)
    {
        const byte Dimm = 9;
        const byte Ram = 7;
        const int OtherDetail = 1 << 1;
        const ulong InExtendedField = 0x7FFF;
        ulong mebibytes = configuration.MemorySize / Mebibyte;
        bool extended = mebibytes >= InExtendedField;
        return new SmbiosStructure(17, MemoryDeviceHandle)
            .Word(MemoryArrayHandle).Word(NoErrorInformation).Word(NotProvided).Word(NotProvided)
            .Word((int)(extended ? InExtendedField : mebibytes)).Byte(Dimm).Byte(0).Text("DIMM 0").Text("")
            .Byte(Ram).Word(OtherDetail).Word(0).Text(Manufacturer).Text("").Text("").Text("").Byte(0)
            .Dword(extended ? (uint)mebibytes : 0).Word(0).Word(0).Word(0).Word(0).ToArray();
    }

    // Type 19. The 32-bit fields count KiB; addresses past them need the extended ones, in bytes.
    private static byte[] MappedAddresses(ushort handle, ulong start, ulong length)
    {
        const uint InExtendedField = 0xFFFF_FFFF;
        ulong last = start + length - 1;
        bool extended = last / Kibibyte >= InExtendedField;
        return new SmbiosStructure(19, handle)
            .Dword(extended ? InExtendedField : (uint)(start / Kibibyte))
            .Dword(extended ? InExtendedField : (uint)(last / Kibibyte))
            .Word(MemoryArrayHandle).Byte(1).Qword(extended ? start : 0).Qword(extended ? last : 0).ToArray();
    }
}
