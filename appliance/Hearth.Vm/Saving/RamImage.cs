using System.Buffers.Binary;
using Hearth.Machine;
using Hearth.Memory;

namespace Hearth.Vm.Saving;

/// <summary>Guest RAM in a saved guest: every block that holds something other than zeros.</summary>
/// <remarks>
/// For each block: its guest-physical address (64 bits), its CRC-32C (32), its bytes. The end is marked by an address of all
/// ones and the number of blocks (32).
/// </remarks>
internal static class RamImage
{
    private const int BlockLength = 64 << 10;
    private const ulong EndMark = ulong.MaxValue;
    private const int PrefixLength = sizeof(ulong) + sizeof(uint);

    public static void Write(GuestRam ram, Stream to)
    {
        var block = new byte[BlockLength];
        uint count = 0;
        foreach (RamSlot slot in ram.Slots)
        {
            for (ulong offset = 0; TryFindTouched(ram, slot, ref offset); offset += BlockLength)
            {
                Span<byte> part = block.AsSpan(0, LengthAt(slot, offset));
                if (!ram.TryRead(new GuestAddress(slot.Start + offset), part))
                    throw new MachineException("guest memory cannot be read");
                if (!part.ContainsAnyExcept((byte)0))
                    continue;
                WritePrefix(to, slot.Start + offset, Crc32C.Compute(part));
                to.Write(part);
                count++;
            }
        }

        WritePrefix(to, EndMark, count);
    }

    /// <param name="ram">All zeros.</param>
    /// <exception cref="SavedStateException">The image is damaged, cut short, or of other memory.</exception>
    public static void Read(Stream from, GuestRam ram)
    {
        var block = new byte[BlockLength];
        Span<byte> prefix = stackalloc byte[PrefixLength];
        for (uint count = 0; ; count++)
        {
            ReadExactly(from, prefix);
            ulong address = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
            uint check = BinaryPrimitives.ReadUInt32LittleEndian(prefix[sizeof(ulong)..]);
            if (address == EndMark)
            {
                if (check != count)
                    throw new SavedStateException("the saved guest is damaged: blocks of its memory are missing");
                return;
            }

            RamSlot slot = SlotOf(ram, address);
            Span<byte> part = block.AsSpan(0, LengthAt(slot, address - slot.Start));
            ReadExactly(from, part);
            if (Crc32C.Compute(part) != check)
                throw new SavedStateException($"the saved guest is damaged: the checksum of its memory at 0x{address:x} is wrong");
            _ = ram.TryWrite(new GuestAddress(address), part);
        }
    }

    /// <summary>Skips what the guest has never touched: to look at it would make the host allocate it.</summary>
    /// <param name="offset">Bytes into the slot, a multiple of the block length; moved forward.</param>
    private static bool TryFindTouched(GuestRam ram, RamSlot slot, ref ulong offset)
    {
        if (offset >= slot.Length || !ram.File.TryFindData((long)(slot.Offset + offset), out long start, out _))
            return false;
        ulong found = (ulong)start - slot.Offset;
        offset = Math.Max(offset, found / BlockLength * BlockLength);
        return offset < slot.Length;
    }

    private static int LengthAt(RamSlot slot, ulong offset) => (int)Math.Min(slot.Length - offset, BlockLength);

    private static RamSlot SlotOf(GuestRam ram, ulong address)
    {
        foreach (RamSlot slot in ram.Slots)
        {
            if (address - slot.Start < slot.Length)
                return slot;
        }

        throw new SavedStateException($"the saved guest is damaged: there is no memory at 0x{address:x}");
    }

    private static void WritePrefix(Stream to, ulong address, uint check)
    {
        Span<byte> prefix = stackalloc byte[PrefixLength];
        BinaryPrimitives.WriteUInt64LittleEndian(prefix, address);
        BinaryPrimitives.WriteUInt32LittleEndian(prefix[sizeof(ulong)..], check);
        to.Write(prefix);
    }

    private static void ReadExactly(Stream from, Span<byte> to)
    {
        if (from.ReadAtLeast(to, to.Length, throwOnEndOfStream: false) < to.Length)
            throw new SavedStateException("the saved guest is cut short");
    }
}
