using System.Buffers.Binary;
using Hearth.Machine;

namespace Hearth.Snapshots.Pages;

/// <summary>How some pages are kept together: alone they would hardly shrink, and many together would have to be unpacked for one.</summary>
/// <remarks>
/// Layout, little-endian: magic (32 bits), a checksum of all that follows (CRC-32C, 32), length of what is packed (32), number of pages (8), how they are packed (8: 0 as they are, 1 zstd), zeros
/// (16); the pages' hashes (<see cref="PageHash"/>); the packed pages; zeros up to <see cref="Alignment"/>. The hashes are there so that the index can be made from packs alone.
/// </remarks>
internal static class Chunk
{
    public const int PageLength = 4096;
    public const int MaximumPages = 16;
    public const int Alignment = 16;

    /// <summary>The length of all but hashes and pages.</summary>
    public const int HeaderLength = 16;

    public const int MaximumLength = HeaderLength + (MaximumPages * (PageHash.Length + PageLength));

    private const uint Magic = 0x4B484348; // "HCHK"
    private const int ChecksumOffset = 4;
    private const int PackedLengthOffset = 8;
    private const int PagesOffset = 12;
    private const int PackingOffset = 13;
    private const byte AsTheyAre = 0;
    private const byte Zstd = 1;

    /// <summary>Makes a chunk.</summary>
    /// <param name="pages">1 to <see cref="MaximumPages"/> pages.</param>
    /// <param name="to"><see cref="MaximumLength"/> bytes.</param>
    /// <returns>Its length, a multiple of <see cref="Alignment"/>.</returns>
    public static int Write(ReadOnlySpan<byte> pages, ReadOnlySpan<PageHash> hashes, ZstdSharp.Compressor compressor, Span<byte> to)
    {
        int packedAt = HeaderLength + (hashes.Length * PageHash.Length);
        to[..packedAt].Clear();

        // What does not shrink by a sixteenth is not worth the time to unpack it.
        bool shrinks = compressor.TryWrap(pages, to.Slice(packedAt, pages.Length / 16 * 15), out int packedLength);
        if (!shrinks)
        {
            pages.CopyTo(to[packedAt..]);
            packedLength = pages.Length;
        }

        BinaryPrimitives.WriteUInt32LittleEndian(to, Magic);
        BinaryPrimitives.WriteInt32LittleEndian(to[PackedLengthOffset..], packedLength);
        to[PagesOffset] = (byte)hashes.Length;
        to[PackingOffset] = shrinks ? Zstd : AsTheyAre;
        for (int i = 0; i < hashes.Length; i++)
            hashes[i].Write(to[(HeaderLength + (i * PageHash.Length))..]);
        int end = packedAt + packedLength;
        int length = Align(end);
        to[end..length].Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(to[ChecksumOffset..], Checksum(to[..length]));
        return length;
    }

    /// <summary>What the header says of the chunk, or null where there is none.</summary>
    /// <param name="header"><see cref="HeaderLength"/> bytes.</param>
    public static (int Pages, int Length)? TryMeasure(ReadOnlySpan<byte> header)
    {
        int packedLength = BinaryPrimitives.ReadInt32LittleEndian(header[PackedLengthOffset..]);
        int pages = header[PagesOffset];
        bool isChunk = BinaryPrimitives.ReadUInt32LittleEndian(header) == Magic && pages is > 0 and <= MaximumPages && packedLength > 0 && packedLength <= pages * PageLength;
        return isChunk ? (pages, Align(HeaderLength + (pages * PageHash.Length) + packedLength)) : null;
    }

    public static int PagesOf(ReadOnlySpan<byte> chunk) => chunk[PagesOffset];

    /// <summary>The chunk is as it was written.</summary>
    public static bool IsWhole(ReadOnlySpan<byte> chunk) => BinaryPrimitives.ReadUInt32LittleEndian(chunk[ChecksumOffset..]) == Checksum(chunk);

    public static PageHash HashOf(ReadOnlySpan<byte> chunk, int page) => PageHash.Read(chunk[(HeaderLength + (page * PageHash.Length))..]);

    /// <summary>Unpacks a chunk that is whole.</summary>
    /// <param name="pages">Gets all its pages.</param>
    /// <returns>False when it does not unpack to as many pages as it says.</returns>
    public static bool TryRead(ReadOnlySpan<byte> chunk, ZstdSharp.Decompressor decompressor, Span<byte> pages)
    {
        int packedLength = BinaryPrimitives.ReadInt32LittleEndian(chunk[PackedLengthOffset..]);
        int length = chunk[PagesOffset] * PageLength;
        ReadOnlySpan<byte> packed = chunk.Slice(HeaderLength + (chunk[PagesOffset] * PageHash.Length), packedLength);
        switch (chunk[PackingOffset])
        {
            case AsTheyAre when packedLength == length:
                packed.CopyTo(pages);
                return true;
            case Zstd:
                return decompressor.TryUnwrap(packed, pages[..length], out int unpacked) && unpacked == length;
            default:
                return false;
        }
    }

    private static uint Checksum(ReadOnlySpan<byte> chunk) => Crc32C.Compute(chunk[PackedLengthOffset..]);

    private static int Align(int length) => (length + Alignment - 1) / Alignment * Alignment;
}
