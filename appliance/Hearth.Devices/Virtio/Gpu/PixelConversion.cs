using System.Buffers.Binary;
using System.Numerics;
using Hearth.Machine;

namespace Hearth.Devices.Virtio.Gpu;

/// <summary>Brings pixels into the host's order: blue, green, red, and alpha or nothing.</summary>
internal static class PixelConversion
{
    public static bool IsKnown(PixelFormat format) => format is PixelFormat.B8G8R8A8 or PixelFormat.B8G8R8X8 or PixelFormat.A8R8G8B8 or PixelFormat.X8R8G8B8
        or PixelFormat.R8G8B8A8 or PixelFormat.X8B8G8R8 or PixelFormat.A8B8G8R8 or PixelFormat.R8G8B8X8;

    public static bool HasAlpha(PixelFormat format) =>
        format is PixelFormat.B8G8R8A8 or PixelFormat.A8R8G8B8 or PixelFormat.R8G8B8A8 or PixelFormat.A8B8G8R8;

    /// <param name="from">Whole pixels.</param>
    /// <param name="to">As long as <paramref name="from"/>.</param>
    public static void Convert(PixelFormat format, ReadOnlySpan<byte> from, Span<byte> to)
    {
        switch (format)
        {
            case PixelFormat.B8G8R8A8 or PixelFormat.B8G8R8X8:
                from.CopyTo(to);
                break;
            case PixelFormat.A8R8G8B8 or PixelFormat.X8R8G8B8:
                for (int at = 0; at < from.Length; at += DisplaySize.PixelLength)
                    Store(to[at..], BinaryPrimitives.ReverseEndianness(Load(from[at..])));
                break;
            case PixelFormat.R8G8B8A8 or PixelFormat.R8G8B8X8:
                for (int at = 0; at < from.Length; at += DisplaySize.PixelLength)
                    Store(to[at..], SwapRedAndBlue(Load(from[at..])));
                break;
            default:
                for (int at = 0; at < from.Length; at += DisplaySize.PixelLength)
                    Store(to[at..], BitOperations.RotateRight(Load(from[at..]), 8));
                break;
        }
    }

    private static uint SwapRedAndBlue(uint pixel) => (pixel & 0xFF00_FF00) | ((pixel & 0xFF) << 16) | ((pixel >> 16) & 0xFF);

    private static uint Load(ReadOnlySpan<byte> from) => BinaryPrimitives.ReadUInt32LittleEndian(from);

    private static void Store(Span<byte> to, uint pixel) => BinaryPrimitives.WriteUInt32LittleEndian(to, pixel);
}
