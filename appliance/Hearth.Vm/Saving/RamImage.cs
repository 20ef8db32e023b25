using System.Buffers.Binary;
using Hearth.Machine;
using Hearth.Memory;

namespace Hearth.Vm.Saving;

/// <summary>Guest RAM in a saved guest: blocks of whole pages. What is in no block is zeros; a later block counts more than an earlier one.</summary>
/// <remarks>
/// For each block: its guest-physical address (64 bits), its length in bytes (32), a checksum of these and of its bytes (32), its bytes. The end is
/// marked by an address of all ones, with the number of blocks for the length.
/// </remarks>
internal static class RamImage
{
    /// <summary>Bytes that a block has at most.</summary>
    public const int BlockLength = 64 << 10;

    public const ulong EndMark = ulong.MaxValue;
    public const int LengthOffset = sizeof(ulong);
    public const int PrefixLength = ChecksumOffset + sizeof(uint);
    private const int ChecksumOffset = LengthOffset + sizeof(uint);

    /// <param name="ram">All zeros.</param>
    /// <exception cref="SavedStateException">The image is damaged, cut short, or of other memory.</exception>
    public static void Read(Stream from, GuestRam ram)
    {
        var block = new byte[BlockLength];
        PageSet filled = ram.NewPageSet();
        Span<byte> prefix = stackalloc byte[PrefixLength];
        for (uint count = 0; ; count++)
        {
            ReadExactly(from, prefix);
            ulong address = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
            uint length = BinaryPrimitives.ReadUInt32LittleEndian(prefix[LengthOffset..]);
            if (address == EndMark)
            {
                Require(prefix, [], "the mark of its memory's end");
                if (length != count)
                    throw new SavedStateException("the saved guest is damaged: blocks of its memory are missing");
                return;
            }

            if (length > BlockLength)
                throw new SavedStateException($"the saved guest is damaged: a block of its memory claims {length} bytes");
            Span<byte> part = block.AsSpan(0, (int)length);
            ReadExactly(from, part);
            Require(prefix, part, $"its memory at 0x{address:x}");
            if (!TryRestore(ram, address, part, filled))
                throw new SavedStateException($"the saved guest is damaged: there is no memory at 0x{address:x}");
        }
    }

    public static void SetChecksum(Span<byte> prefix, ReadOnlySpan<byte> bytes) =>
        BinaryPrimitives.WriteUInt32LittleEndian(prefix[ChecksumOffset..], Checksum(prefix, bytes));

    /// <summary>Writes a block but for its pages of zeros: those are there already, and are to take no room.</summary>
    /// <param name="filled">The pages that earlier blocks have written to.</param>
    private static bool TryRestore(GuestRam ram, ulong address, ReadOnlySpan<byte> block, PageSet filled)
    {
        if (!ram.Contains(new GuestAddress(address), (ulong)block.Length))
            return false;
        while (!block.IsEmpty)
        {
            ReadOnlySpan<byte> part = block[..Math.Min(block.Length, PageSet.PageSize - (int)(address % PageSet.PageSize))];
            long page = (long)(ram.FileOffset(address) / PageSet.PageSize);
            if (filled.Contains(page) || part.ContainsAnyExcept((byte)0))
            {
                filled.Add(page);
                ram.TryWrite(new GuestAddress(address), part);
            }

            address += (ulong)part.Length;
            block = block[part.Length..];
        }

        return true;
    }

    private static uint Checksum(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> bytes) => Crc32C.Compute(prefix[..ChecksumOffset]) ^ Crc32C.Compute(bytes);

    private static void Require(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> bytes, string what)
    {
        if (BinaryPrimitives.ReadUInt32LittleEndian(prefix[ChecksumOffset..]) != Checksum(prefix, bytes))
            throw new SavedStateException($"the saved guest is damaged: the checksum of {what} is wrong");
    }

    private static void ReadExactly(Stream from, Span<byte> to)
    {
        if (from.ReadAtLeast(to, to.Length, throwOnEndOfStream: false) < to.Length)
            throw new SavedStateException("the saved guest is cut short");
    }
}
