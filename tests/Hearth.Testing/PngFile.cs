using System.Buffers.Binary;
using System.IO.Compression;

namespace Hearth.Testing;

/// <summary>Pictures as PNG files (ISO/IEC 15948): 8 bits a colour, no alpha, no filters.</summary>
public static class PngFile
{
    private const int HeaderLength = 8;
    private const int BytesPerPixel = 3;

    /// <param name="pixels">0xRRGGBB, row by row.</param>
    public static byte[] Write(int width, int height, ReadOnlySpan<uint> pixels)
    {
        using var data = new MemoryStream();
        using (var zlib = new ZLibStream(data, CompressionLevel.Optimal, leaveOpen: true))
        {
            for (int at = 0; at < width * height; at++)
            {
                if (at % width == 0)
                    zlib.WriteByte(0);
                zlib.Write([(byte)(pixels[at] >> 16), (byte)(pixels[at] >> 8), (byte)pixels[at]]);
            }
        }

        using var file = new MemoryStream();
        file.Write([0x89, .. "PNG\r\n"u8, 0x1A, (byte)'\n']);
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9]) = (8, 2);
        WriteChunk(file, "IHDR"u8, header);
        WriteChunk(file, "IDAT"u8, data.ToArray());
        WriteChunk(file, "IEND"u8, []);
        return file.ToArray();
    }

    /// <returns>0xRRGGBB, row by row.</returns>
    /// <exception cref="InvalidDataException">It is not such a file.</exception>
    public static uint[] Read(byte[] file, out int width, out int height)
    {
        using var data = new MemoryStream();
        width = 0;
        height = 0;
        for (int at = HeaderLength; at < file.Length;)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(file.AsSpan(at));
            ReadOnlySpan<byte> type = file.AsSpan(at + 4, 4);
            ReadOnlySpan<byte> body = file.AsSpan(at + 8, length);
            if (type.SequenceEqual("IHDR"u8))
            {
                width = BinaryPrimitives.ReadInt32BigEndian(body);
                height = BinaryPrimitives.ReadInt32BigEndian(body[4..]);
                if (body[8] != 8 || body[9] != 2)
                    throw new InvalidDataException("only pictures with 8 bits a colour and without alpha are read");
            }
            else if (type.SequenceEqual("IDAT"u8))
            {
                data.Write(body);
            }

            at += length + 12;
        }

        data.Position = 0;
        return ReadRows(data, width, height);
    }

    private static uint[] ReadRows(MemoryStream data, int width, int height)
    {
        using var zlib = new ZLibStream(data, CompressionMode.Decompress);
        var pixels = new uint[width * height];
        var row = new byte[1 + (width * BytesPerPixel)];
        for (int y = 0; y < height; y++)
        {
            zlib.ReadExactly(row);
            if (row[0] != 0)
                throw new InvalidDataException("only pictures without filters are read");
            for (int x = 0; x < width; x++)
                pixels[(y * width) + x] = ((uint)row[1 + (3 * x)] << 16) | ((uint)row[2 + (3 * x)] << 8) | row[3 + (3 * x)];
        }

        return pixels;
    }

    private static void WriteChunk(MemoryStream file, ReadOnlySpan<byte> type, byte[] data)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        file.Write(number);
        file.Write(type);
        file.Write(data);
        BinaryPrimitives.WriteUInt32BigEndian(number, ~Crc(Crc(uint.MaxValue, type), data));
        file.Write(number);
    }

    private static uint Crc(uint crc, ReadOnlySpan<byte> data)
    {
        foreach (byte value in data)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ (0xEDB8_8320 & (0 - (crc & 1)));
        }

        return crc;
    }
}
