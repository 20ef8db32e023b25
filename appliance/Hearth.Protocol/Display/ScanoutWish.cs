using System.Buffers.Binary;

namespace Hearth.Protocol;

/// <summary>What whoever looks at a screen would like: the size, in pixels across and down, 32 bits each. 0 by 0 unplugs the screen.</summary>
public static class ScanoutWish
{
    /// <summary>Bytes of the file.</summary>
    public const int Length = 4096;

    private const int WidthOffset = 0;
    private const int HeightOffset = 4;

    public static (int Width, int Height) Read(ReadOnlySpan<byte> from) =>
        (BinaryPrimitives.ReadInt32LittleEndian(from[WidthOffset..]), BinaryPrimitives.ReadInt32LittleEndian(from[HeightOffset..]));

    public static void Write(Span<byte> to, int width, int height)
    {
        BinaryPrimitives.WriteInt32LittleEndian(to[WidthOffset..], width);
        BinaryPrimitives.WriteInt32LittleEndian(to[HeightOffset..], height);
    }
}
