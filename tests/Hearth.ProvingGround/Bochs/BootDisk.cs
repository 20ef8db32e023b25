using System.Buffers.Binary;
using System.Text;

namespace Hearth.Proving.Bochs;

/// <summary>
/// A disk that starts a PVH kernel: the boot sector, and behind it memory as the kernel is to find it from 1 MiB on, which is hvm_start_info with
/// what that points to (Xen's public/arch-x86/hvm/start_info.h), the kernel's segments, the initial RAM disk.
/// </summary>
/// <param name="Path">The image.</param>
/// <param name="Cylinders">bochs wants the geometry to be as long as the file.</param>
internal sealed record BootDisk(string Path, long Cylinders)
{
    public const int Heads = 16;
    public const int SectorsPerTrack = 63;

    private const uint Start = 0x10_0000;
    private const uint StartInfoMagic = 0x336E_C578;
    private const int ModuleOffset = 0x40;
    private const int MemoryMapOffset = 0x80;
    private const int CommandLineOffset = 0x200;
    private const int InitramfsAlignment = 0x20_0000;
    private const long CylinderLength = Heads * SectorsPerTrack * BootSector.Length;

    /// <summary>Of the types of the BIOS's memory map.</summary>
    private const ulong Usable = 1;
    private const ulong Reserved = 2;
    private const ulong AcpiTables = 3;

    /// <summary>What bochs's BIOS takes at the end of memory for its ACPI tables.</summary>
    private const ulong AcpiLength = 0x1_0000;

    /// <param name="kernel">The path of an ELF file.</param>
    /// <param name="memory">Of the machine, in MiB.</param>
    public static BootDisk Write(string path, string kernel, Action<Stream> writeInitramfs, string commandLine, int memory)
    {
        PvhKernel image = PvhKernel.Read(File.ReadAllBytes(kernel));
        ulong initramfs = (image.End + InitramfsAlignment - 1) & ~(ulong)(InitramfsAlignment - 1);
        using FileStream disk = File.Create(path);
        foreach (PvhKernel.Segment segment in image.Segments)
        {
            disk.Position = OffsetOf(segment.Address);
            disk.Write(segment.Content.Span);
        }

        disk.Position = OffsetOf(initramfs);
        writeInitramfs(disk);
        long length = disk.Length - OffsetOf(initramfs);
        var blocks = (int)((disk.Length - BootSector.Length + BootSector.BlockLength - 1) / BootSector.BlockLength);
        disk.Position = 0;
        disk.Write(BootSector.Build(Start, blocks, image.Entry));
        disk.Write(StartInfo(initramfs, (ulong)length, commandLine, (ulong)memory << 20));
        long cylinders = (BootSector.Length + ((long)blocks * BootSector.BlockLength) + CylinderLength - 1) / CylinderLength;
        disk.SetLength(cylinders * CylinderLength);
        return new BootDisk(path, cylinders);
    }

    private static long OffsetOf(ulong address) => checked((long)(address - Start)) + BootSector.Length;

    /// <summary>Version 1, which has the memory map; without the address of ACPI's root the kernel looks for it itself.</summary>
    private static byte[] StartInfo(ulong initramfs, ulong length, string commandLine, ulong memory)
    {
        (ulong Start, ulong Length, ulong Type)[] map =
        [
            (0, 0x9_F000, Usable), (0xF_0000, 0x1_0000, Reserved), (Start, memory - Start - AcpiLength, Usable), (memory - AcpiLength, AcpiLength, AcpiTables),
        ];
        byte[] text = Encoding.ASCII.GetBytes(commandLine + '\0');
        var info = new byte[CommandLineOffset + text.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(info, StartInfoMagic);
        info[4] = 1;
        info[12] = 1;
        WriteWords(info, 16, Start + ModuleOffset, Start + CommandLineOffset, 0, Start + MemoryMapOffset, (ulong)map.Length);
        WriteWords(info, ModuleOffset, initramfs, length);
        for (int i = 0; i < map.Length; i++)
            WriteWords(info, MemoryMapOffset + (i * 3 * sizeof(ulong)), map[i].Start, map[i].Length, map[i].Type);
        text.CopyTo(info, CommandLineOffset);
        return info;
    }

    private static void WriteWords(byte[] to, int offset, params ReadOnlySpan<ulong> words)
    {
        for (int i = 0; i < words.Length; i++)
            BinaryPrimitives.WriteUInt64LittleEndian(to.AsSpan(offset + (i * sizeof(ulong))), words[i]);
    }
}
