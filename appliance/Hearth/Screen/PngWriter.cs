using System.Buffers.Binary;
using System.IO.Compression;

namespace Hearth.Screen;

/// <summary>Writes pictures as PNG files (ISO/IEC 15948), 8 bits a colour and without alpha.</summary>
internal static class PngWriter
{
    private const int BytesPerPixel = 3;
    private const int SourceBytesPerPixel = 4;
    private const byte ColourRgb = 2;
    private const uint CrcPolynomial = 0xEDB8_8320;

    private static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', (byte)'\r', (byte)'\n', 0x1A, (byte)'\n'];

    /// <param name="pixels">XRGB8888, blue in the lowest byte, row by row without gaps.</param>
    public static byte[] Write(int width, int height, ReadOnlySpan<byte> pixels)
    {
        using var file = new MemoryStream();
        file.Write(Signature);
        Span<byte> header = stackalloc byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header[4..], height);
        header[8] = 8;
        header[9] = ColourRgb;
        header[10..].Clear();
        WriteChunk(file, "IHDR"u8, header);
        WriteChunk(file, "IDAT"u8, Compress(width, height, pixels));
        WriteChunk(file, "IEND"u8, []);
        return file.ToArray();
    }

    private static byte[] Compress(int width, int height, ReadOnlySpan<byte> pixels)
    {
        using var compressed = new MemoryStream();
        using (var zlib = new ZLibStream(compressed, CompressionLevel.Optimal, leaveOpen: true))
        {
            // Each row begins with the number of its filter, and this one is none.
            var row = new byte[1 + (width * BytesPerPixel)];
            for (int y = 0; y < height; y++)
            {
                ReadOnlySpan<byte> from = pixels.Slice(y * width * SourceBytesPerPixel, width * SourceBytesPerPixel);
                for (int x = 0; x < width; x++)
                {
                    ReadOnlySpan<byte> pixel = from.Slice(x * SourceBytesPerPixel, SourceBytesPerPixel);
                    Span<byte> to = row.AsSpan(1 + (x * BytesPerPixel), BytesPerPixel);
                    (to[0], to[1], to[2]) = (pixel[2], pixel[1], pixel[0]);
                }

                zlib.Write(row);
            }
        }

        return compressed.ToArray();
    }

    private static void WriteChunk(MemoryStream file, ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        Span<byte> number = stackalloc byte[sizeof(uint)];
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
                crc = (crc >> 1) ^ (CrcPolynomial & (0 - (crc & 1)));
        }

        return crc;
    }
}
