using System.Buffers.Binary;

namespace Hearth.Devices.Storage.Ide;

/// <summary>What a disk says of itself: IDENTIFY DEVICE (ATA/ATAPI-6, section 8.15) and SMART data (section 8.54).</summary>
internal static class AtaIdentity
{
    public const int SerialLength = 20;

    /// <summary>Sectors that 28-bit commands reach.</summary>
    public const ulong Lba28Maximum = (1 << 28) - 1;

    private const int MultipleMaximum = 16;
    private const int FixedDevice = 0x0040;
    private const int DmaAndLba = 0x0F00;
    private const int WordsValid = 0x0007;
    private const int CycleTime = 120;
    private const int MajorVersion = 0x007E; // ATA-1 to ATA/ATAPI-6

    // Words 82 to 87: SMART, security, power management, write cache, look-ahead; flush cache and 48-bit addresses.
    private const int Features82 = 0x006B;
    private const int Features83 = 0x7400;
    private const int Features84 = 0x4000;
    private const int Smart = 1 << 0;
    private const int WriteCache = 1 << 5;
    private const int ReadAhead = 1 << 6;

    // There are no passwords, and security stays frozen so that there never are.
    private const int SecurityFrozen = 0x0009;

    private const int HealthChecksum = 511;

    public static void Describe(Span<byte> data, string serial, ulong sectors, bool isReadOnly, AtaGeometry physical, in AtaSettings settings)
    {
        data.Clear();
        uint lba28 = (uint)Math.Min(sectors, Lba28Maximum);
        Word(data, 0, FixedDevice);
        Word(data, 1, physical.Cylinders);
        Word(data, 3, physical.Heads);
        Word(data, 6, physical.Sectors);
        Text(data, 10, 10, serial);
        Text(data, 23, 4, "1.0");
        Text(data, 27, 20, isReadOnly ? "HEARTH DISK (READ-ONLY)" : "HEARTH DISK");
        Word(data, 47, 0x8000 | MultipleMaximum);
        Word(data, 49, DmaAndLba);
        Word(data, 50, 0x4000);
        Word(data, 53, WordsValid);
        Word(data, 54, settings.Geometry.Cylinders);
        Word(data, 55, settings.Geometry.Heads);
        Word(data, 56, settings.Geometry.Sectors);
        Dword(data, 57, settings.Geometry.Capacity);
        Word(data, 59, settings.Multiple == 0 ? 0 : 0x0100 | settings.Multiple);
        Dword(data, 60, lba28);
        Word(data, 63, AtaSettings.MultiwordModes | (settings.SelectedMultiword << 8));
        Word(data, 64, 0x0003);
        for (int word = 65; word <= 68; word++)
            Word(data, word, CycleTime);
        Word(data, 80, MajorVersion);
        Word(data, 82, Features82);
        Word(data, 83, Features83);
        Word(data, 84, Features84);
        int enabled = Features82 & ~(Smart | WriteCache | ReadAhead);
        enabled |= (settings.IsSmartOn ? Smart : 0) | (settings.HasWriteCache ? WriteCache : 0) | (settings.HasReadAhead ? ReadAhead : 0);
        Word(data, 85, enabled);
        Word(data, 86, Features83 & 0x3FFF);
        Word(data, 87, Features84);
        Word(data, 88, AtaSettings.UltraModes | (settings.SelectedUltra << 8));
        Word(data, 93, 0x6001); // an 80-conductor cable
        BinaryPrimitives.WriteUInt64LittleEndian(data[200..], sectors);
        Word(data, 128, SecurityFrozen);
    }

    /// <summary>No attributes, no self-tests; the last byte makes all of them sum up to zero.</summary>
    public static void DescribeHealth(Span<byte> data)
    {
        data.Clear();
        data[0] = 1;
        data[HealthChecksum] = 0xFF;
    }

    public static void Word(Span<byte> data, int word, int value) => BinaryPrimitives.WriteUInt16LittleEndian(data[(2 * word)..], (ushort)value);

    /// <summary>Characters in pairs, the first in the upper byte, filled up with spaces.</summary>
    public static void Text(Span<byte> data, int word, int words, string text)
    {
        for (int i = 0; i < 2 * words; i++)
            data[(2 * word) + (i ^ 1)] = i < text.Length ? (byte)text[i] : (byte)' ';
    }

    private static void Dword(Span<byte> data, int word, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(data[(2 * word)..], value);
}
