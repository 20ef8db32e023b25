using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Hearth.Snapshots.Pages;

/// <summary>By what equal pages are found: the first 192 bits of the page's SHA-256. Guests choose what is in their pages, and two that are not equal must never be taken for one another.</summary>
internal readonly record struct PageHash(ulong First, ulong Second, ulong Third)
{
    public const int Length = 3 * sizeof(ulong);

    public static PageHash Of(ReadOnlySpan<byte> page)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        _ = SHA256.HashData(page, hash);
        return Read(hash);
    }

    public static PageHash Read(ReadOnlySpan<byte> from) => new(
        BinaryPrimitives.ReadUInt64LittleEndian(from),
        BinaryPrimitives.ReadUInt64LittleEndian(from[8..]),
        BinaryPrimitives.ReadUInt64LittleEndian(from[16..]));

    public void Write(Span<byte> to)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(to, First);
        BinaryPrimitives.WriteUInt64LittleEndian(to[8..], Second);
        BinaryPrimitives.WriteUInt64LittleEndian(to[16..], Third);
    }
}
