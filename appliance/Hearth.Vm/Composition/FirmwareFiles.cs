using System.Buffers.Binary;
using System.Text;
using Hearth.Cpu;
using Hearth.Devices.Pci;
using Hearth.Devices.Platform;
using Hearth.Devices.Platform.Acpi;
using Hearth.Devices.Platform.FwCfg;
using Hearth.Devices.Platform.Smbios;
using Hearth.Machine;
using Hearth.Memory;
using Hearth.Protocol;

namespace Hearth.Vm.Composition;

/// <summary>The files by which firmware learns what the machine is and what it is to start (SeaBIOS, docs/Runtime_config.md).</summary>
internal static class FirmwareFiles
{
    private const uint RamType = 1;
    private const uint ReservedType = 2;
    private const int MapEntryLength = 20;
    private const ulong GiB = 1 << 30;

    // Long enough to be read and answered by a person; without the menu nothing is waited for.
    private const ulong MenuMilliseconds = 10_000;

    // ACPI sleep states 0 to 5, those there are with bit 7: working, and off with sleep type 0.
    private static readonly byte[] s_systemStates = [0x80, 0, 0, 0, 0, 0x80];

    /// <summary>Where firmware may place 64-bit BARs above RAM; the ACPI tables announce it.</summary>
    /// <param name="highRam">Bytes of RAM above 4 GiB.</param>
    public static AddressRange? HighPciMemory(ulong highRam)
    {
        ulong start = (GuestRam.HighStart + highRam + GiB - 1) & ~(GiB - 1);
        ulong end = 1UL << CpuModel.PhysicalAddressBits;
        return start < end ? new AddressRange(start, end - start) : null;
    }

    /// <summary>Memory map, ACPI and SMBIOS tables, sleep states.</summary>
    /// <param name="lowRam">Bytes of RAM below 4 GiB.</param>
    /// <param name="highRam">Bytes of RAM above it.</param>
    public static void AddDescriptions(FwCfgContents contents, AcpiConfiguration acpi, IReadOnlyList<FirmwareTable> smbios, ulong lowRam, ulong highRam)
    {
        LinkedAcpiTables.Build(acpi).AddTo(contents);
        contents.AddFile("etc/smbios/smbios-anchor", smbios.Single(table => table.Name == SmbiosTables.Anchor).Bytes.ToArray());
        contents.AddFile("etc/smbios/smbios-tables", smbios.Single(table => table.Name == SmbiosTables.Structures).Bytes.ToArray());
        contents.AddFile("etc/e820", MemoryMap(acpi.GenerationIdAddress ?? lowRam, lowRam, highRam));
        contents.AddFile("etc/system-states", s_systemStates);
    }

    /// <summary>What to start from, and whether to ask; and where to write where there is no display.</summary>
    /// <param name="consolePort">The first port of the UART that stands for keyboard and display; null for none.</param>
    public static void AddBoot(FwCfgContents contents, GuestConfiguration configuration, PciBus pci, ushort? consolePort)
    {
        string[] paths = [.. BootOrder.Paths(configuration, pci)];
        if (paths.Length > 0)
            contents.AddFile("bootorder", Encoding.ASCII.GetBytes(string.Join('\n', paths) + "\0"));
        contents.AddFile("etc/show-boot-menu", Number(configuration.BootMenu ? 1UL : 0));
        contents.AddFile("etc/boot-menu-wait", Number(configuration.BootMenu ? MenuMilliseconds : 0));
        if (consolePort is { } port)
            contents.AddFile("etc/sercon-port", Number(port));
    }

    /// <param name="lowEnd">Where RAM below 4 GiB ends for the guest; what follows is reserved.</param>
    private static byte[] MemoryMap(ulong lowEnd, ulong lowRam, ulong highRam)
    {
        (ulong Start, ulong Length, uint Type)[] all = [(0, lowEnd, RamType), (lowEnd, lowRam - lowEnd, ReservedType), (GuestRam.HighStart, highRam, RamType)];
        (ulong Start, ulong Length, uint Type)[] ranges = [.. all.Where(range => range.Length != 0)];
        var map = new byte[ranges.Length * MapEntryLength];
        for (int i = 0; i < ranges.Length; i++)
        {
            Span<byte> entry = map.AsSpan(i * MapEntryLength, MapEntryLength);
            BinaryPrimitives.WriteUInt64LittleEndian(entry, ranges[i].Start);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[8..], ranges[i].Length);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[16..], ranges[i].Type);
        }

        return map;
    }

    private static byte[] Number(ulong value)
    {
        var bytes = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        return bytes;
    }
}
