using System.Buffers.Binary;

namespace Hearth.Vm.Tests.Boot;

/// <summary>Small files with the headers of kernels. Each starts out right; a test then breaks what it is about.</summary>
internal static class TestKernels
{
    public const int SetupLength = 1024;
    public const uint LoadAddress = 0x10_0000;
    public const uint PreferredAddress = 0x100_0000;
    public const uint InitialSize = 0x20_0000;

    /// <summary>A relocatable 64-bit bzImage of protocol 2.15: one setup sector and 4 KiB of kernel.</summary>
    public static byte[] BzImage()
    {
        var file = new byte[SetupLength + 4096];
        file[0x1F1] = 1;
        Put32(file, 0x1F4, 4096 / 16);
        file[0x1FE] = 0x55;
        file[0x1FF] = 0xAA;
        file[0x200] = 0xEB;
        file[0x201] = 0x66;
        "HdrS"u8.CopyTo(file.AsSpan(0x202));
        Put16(file, 0x206, 0x20F);
        file[0x211] = 1;
        Put32(file, 0x22C, 0x7FFF_FFFF);
        Put32(file, 0x230, 0x20_0000);
        file[0x234] = 1;
        Put16(file, 0x236, 1);
        Put32(file, 0x238, 2047);
        Put32(file, 0x258, PreferredAddress);
        Put32(file, 0x260, InitialSize);
        file.AsSpan(SetupLength).Fill(0xA5);
        return file;
    }

    /// <summary>A 32-bit ELF file: one segment of 256 bytes (and 256 more of zeros) at 1 MiB that is entered 16 bytes in.</summary>
    /// <param name="lead">What the segment starts with.</param>
    public static byte[] Elf32(ReadOnlySpan<byte> lead)
    {
        var file = new byte[512];
        PutIdent(file, 1, 3);
        Put32(file, 24, 0xC000_0010);
        Put32(file, 28, 52);
        Put16(file, 42, 32);
        Put16(file, 44, 2);
        PutSegment32(file.AsSpan(52), 1, 256, 0xC000_0000, LoadAddress, 256, 512);
        PutSegment32(file.AsSpan(84), 4, 256, 0, 0, 64, 64);
        lead.CopyTo(file.AsSpan(256));
        return file;
    }

    /// <summary>A PVH kernel: a note of another owner, then the one that counts.</summary>
    public static byte[] Pvh(uint entry = LoadAddress + 0x20) => Elf32([
        4, 0, 0, 0, 2, 0, 0, 0, 18, 0, 0, 0, (byte)'G', (byte)'N', (byte)'U', 0, 1, 2, 0, 0,
        4, 0, 0, 0, 4, 0, 0, 0, 18, 0, 0, 0, (byte)'X', (byte)'e', (byte)'n', 0, .. BitConverter.GetBytes(entry)]);

    public static byte[] MultibootHeader(uint flags)
    {
        var header = new byte[12];
        Put32(header, 0, 0x1BAD_B002);
        Put32(header, 4, flags);
        Put32(header, 8, ~(0x1BAD_B002 + flags) + 1);
        return header;
    }

    /// <summary>A flat multiboot kernel with address fields: header at 16, loaded whole at 1 MiB, 128 bytes of zeros behind.</summary>
    public static byte[] MultibootFlat()
    {
        var file = new byte[256];
        file.AsSpan().Fill(0x5A);
        MultibootHeader(1 << 16).CopyTo(file, 16);
        Put32(file, 28, LoadAddress + 16);
        Put32(file, 32, LoadAddress);
        Put32(file, 36, 0);
        Put32(file, 40, LoadAddress + 384);
        Put32(file, 44, LoadAddress + 64);
        return file;
    }

    public static void Put16(byte[] file, int offset, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(offset), value);

    public static void Put32(byte[] file, int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(offset), value);

    private static void PutIdent(byte[] file, byte wordClass, ushort machine)
    {
        "\u007FELF"u8.CopyTo(file);
        file[4] = wordClass;
        file[5] = 1;
        file[6] = 1;
        Put16(file, 16, 2);
        Put16(file, 18, machine);
    }

    private static void PutSegment32(Span<byte> to, uint type, uint offset, uint virtualAddress, uint address, uint fileLength, uint length)
    {
        uint[] words = [type, offset, virtualAddress, address, fileLength, length];
        for (int i = 0; i < words.Length; i++)
            BinaryPrimitives.WriteUInt32LittleEndian(to[(i * 4)..], words[i]);
    }
}
