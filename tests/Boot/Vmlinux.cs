using System.Buffers.Binary;

namespace Hearth.Boot.Tests;

/// <summary>Takes the ELF kernel out of a bzImage compressed with LZ4, as Debian's cloud kernel is.</summary>
internal static class Vmlinux
{
    private const int SectorSize = 512;
    private const uint LegacyFrameMagic = 0x184C_2102;
    private const int ShortestMatch = 4;

    /// <summary>Reads payload_offset and payload_length (Documentation/arch/x86/boot.rst); the payload ends with the kernel's size.</summary>
    public static byte[] Extract(byte[] bzImage)
    {
        int payload = ((bzImage[0x1F1] + 1) * SectorSize) + BinaryPrimitives.ReadInt32LittleEndian(bzImage.AsSpan(0x248));
        ReadOnlySpan<byte> compressed = bzImage.AsSpan(payload, BinaryPrimitives.ReadInt32LittleEndian(bzImage.AsSpan(0x24C)));
        if (BinaryPrimitives.ReadUInt32LittleEndian(compressed) != LegacyFrameMagic)
            throw new InvalidDataException("the kernel is not compressed with LZ4");
        var kernel = new byte[BinaryPrimitives.ReadInt32LittleEndian(compressed[^4..])];
        int length = 0;
        for (ReadOnlySpan<byte> blocks = compressed[4..^4]; blocks.Length > 0;)
        {
            int block = BinaryPrimitives.ReadInt32LittleEndian(blocks);
            length += DecodeBlock(blocks.Slice(4, block), kernel, length);
            blocks = blocks[(4 + block)..];
        }

        return kernel;
    }

    /// <summary>LZ4 block format: a token, literals, then a match of what was written before; the last sequence has no match.</summary>
    private static int DecodeBlock(ReadOnlySpan<byte> from, byte[] to, int start)
    {
        int end = start;
        while (true)
        {
            byte token = from[0];
            from = from[1..];
            int literals = ReadLength(token >> 4, ref from);
            from[..literals].CopyTo(to.AsSpan(end));
            end += literals;
            from = from[literals..];
            if (from.IsEmpty)
                return end - start;
            int distance = BinaryPrimitives.ReadUInt16LittleEndian(from);
            from = from[2..];
            int match = ReadLength(token & 15, ref from) + ShortestMatch;
            for (int i = 0; i < match; i++, end++)
                to[end] = to[end - distance];
        }
    }

    private static int ReadLength(int length, ref ReadOnlySpan<byte> from)
    {
        if (length != 15)
            return length;
        byte more;
        do
        {
            more = from[0];
            from = from[1..];
            length += more;
        }
        while (more == 255);
        return length;
    }
}
