using System.Buffers.Binary;
using Iced.Intel;

namespace Hearth.Boot.Tests;

/// <summary>The file around a small 32-bit kernel: ELF, a PVH note and, when asked, a multiboot header.</summary>
internal static class ElfKernel
{
    /// <summary>Where the code is loaded and entered.</summary>
    public const uint CodeAddress = LoadAddress + CodeOffset;

    private const uint LoadAddress = 0x10_0000;
    private const uint CodeOffset = 64;
    private const int HeaderLength = 52;
    private const int SegmentLength = 32;
    private const int NoteLength = 20;
    private const int FileOffset = 128;

    /// <param name="code">Assembled for <see cref="CodeAddress"/>.</param>
    /// <param name="multiboot">With a multiboot header, which a loader prefers.</param>
    public static byte[] Build(byte[] code, bool multiboot)
    {
        byte[] header = multiboot ? MultibootHeader() : new byte[12];
        byte[] image = [.. header, .. PvhNote(), .. new byte[CodeOffset - 12 - NoteLength], .. code];
        return [.. ElfHeader(), .. Segment(1, FileOffset, LoadAddress, image.Length), .. Segment(4, FileOffset + 12, 0, NoteLength), .. new byte[12], .. image];
    }

    /// <summary>The machine code for an address.</summary>
    public static byte[] Assemble(Assembler assembler, uint address = CodeAddress)
    {
        using var code = new MemoryStream();
        assembler.Assemble(new StreamCodeWriter(code), address);
        return code.ToArray();
    }

    private static byte[] MultibootHeader()
    {
        const uint Magic = 0x1BAD_B002;
        const uint PagesAndMemory = 3;
        return Words(Magic, PagesAndMemory, ~(Magic + PagesAndMemory) + 1);
    }

    private static byte[] PvhNote() => [.. Words(4, 4, 18), .. "Xen\0"u8, .. Words(CodeAddress)];

    private static byte[] ElfHeader()
    {
        var header = new byte[HeaderLength];
        "\u007FELF\u0001\u0001\u0001"u8.CopyTo(header);
        header[16] = 2; // ET_EXEC
        header[18] = 3; // EM_386
        header[20] = 1;
        Words(CodeAddress, HeaderLength).CopyTo(header, 24);
        header[40] = HeaderLength;
        header[42] = SegmentLength;
        header[44] = 2;
        return header;
    }

    private static byte[] Segment(uint type, int offset, uint address, int length) =>
        Words(type, (uint)offset, address, address, (uint)length, (uint)length, 7, 4);

    private static byte[] Words(params ReadOnlySpan<uint> words)
    {
        var bytes = new byte[words.Length * sizeof(uint)];
        for (int i = 0; i < words.Length; i++)
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(i * sizeof(uint)), words[i]);
        return bytes;
    }
}
