using System.Buffers.Binary;

namespace Hearth.Vm.Boot;

/// <summary>Finds XEN_ELFNOTE_PHYS32_ENTRY, the physical 32-bit entry point of a PVH kernel (xen/include/public/elfnote.h).</summary>
internal static class PvhNote
{
    private const uint Phys32Entry = 18;
    private const int HeaderLength = 12;

    /// <summary>A kernel's notes are a few hundred bytes.</summary>
    private const ulong MostBytes = 1 << 20;

    public static bool TryFindEntry(BootImage image, ElfImage elf, out uint entry)
    {
        foreach (ElfSegment segment in elf.Segments.Where(segment => segment.Type == ElfSegment.Note && segment.FileLength <= MostBytes))
        {
            var notes = new byte[segment.FileLength];
            image.Read(segment.Offset, notes);
            if (TryFindEntry(notes, out entry))
                return true;
        }

        entry = 0;
        return false;
    }

    private static bool TryFindEntry(ReadOnlySpan<byte> notes, out uint entry)
    {
        while (notes.Length >= HeaderLength)
        {
            uint nameLength = BinaryPrimitives.ReadUInt32LittleEndian(notes);
            uint length = BinaryPrimitives.ReadUInt32LittleEndian(notes[4..]);
            uint type = BinaryPrimitives.ReadUInt32LittleEndian(notes[8..]);
            ulong value = HeaderLength + BootMemory.AlignUp(nameLength, 4);
            if (value + length > (ulong)notes.Length)
                break;
            if (type == Phys32Entry && nameLength == 4 && length >= sizeof(uint) && notes[HeaderLength..].StartsWith("Xen\0"u8))
            {
                entry = BinaryPrimitives.ReadUInt32LittleEndian(notes[(int)value..]);
                return true;
            }

            notes = notes[(int)Math.Min(value + BootMemory.AlignUp(length, 4), (ulong)notes.Length)..];
        }

        entry = 0;
        return false;
    }
}
