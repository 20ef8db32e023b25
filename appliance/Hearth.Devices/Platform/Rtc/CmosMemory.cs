namespace Hearth.Devices.Platform.Rtc;

/// <summary>Fills a fresh CMOS with what a PC's setup would have put there.</summary>
internal static class CmosMemory
{
    private const ulong Kilobyte = 1UL << 10;
    private const ulong Megabyte = 1UL << 20;
    private const ulong Chunk = 64 * Kilobyte;
    private const ulong BaseMemory = 640;

    private const int BaseMemoryRegister = 0x15;
    private const int ExtendedMemoryRegister = 0x17;
    private const int ExtendedMemoryCopy = 0x30;
    private const int ExtendedMemory2Register = 0x34;
    private const int HighMemoryRegister = 0x5B;

    // The third kind in bits 7-4, and in bit 0 that the signature of a floppy's boot sector is not looked for.
    private const int BootFlags1 = 0x38;
    private const byte NoFloppySignature = 1;

    // The second kind in bits 7-4, the first in bits 3-0.
    private const int BootFlags2 = 0x3D;

    public static void Fill(Span<byte> cmos, CmosMemorySize memory, CmosBootOrder order)
    {
        cmos.Clear();
        cmos[RtcRegisters.A] = RtcRegisters.DividerNormal | 6;
        cmos[RtcRegisters.B] = RtcRegisters.Hours24;
        cmos[RtcRegisters.D] = RtcRegisters.Valid;
        ulong extended = Math.Min(Above(memory.Low, Megabyte) / Kilobyte, ushort.MaxValue);
        Put(cmos, BaseMemoryRegister, BaseMemory, 2);
        Put(cmos, ExtendedMemoryRegister, extended, 2);
        Put(cmos, ExtendedMemoryCopy, extended, 2);
        Put(cmos, ExtendedMemory2Register, Math.Min(Above(memory.Low, 16 * Megabyte) / Chunk, ushort.MaxValue), 2);
        Put(cmos, HighMemoryRegister, memory.High / Chunk, 3);
        cmos[BootFlags1] = (byte)(((int)order.Third << 4) | NoFloppySignature);
        cmos[BootFlags2] = (byte)(((int)order.Second << 4) | (int)order.First);
    }

    private static ulong Above(ulong length, ulong start) => length > start ? length - start : 0;

    private static void Put(Span<byte> cmos, int register, ulong value, int bytes)
    {
        for (int i = 0; i < bytes; i++)
            cmos[register + i] = (byte)(value >> (i * 8));
    }
}
