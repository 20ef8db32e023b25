using System.Buffers.Binary;
using Hearth.Guests;

namespace Hearth.Proving.Bochs;

/// <summary>An ELF kernel of 64 bits with a PVH note (System V gABI, chapter 5; Xen's public/elfnote.h).</summary>
/// <param name="Entry">Where it is entered, in protected mode without paging.</param>
/// <param name="End">The first physical address after it.</param>
internal sealed record PvhKernel(uint Entry, ulong End, IReadOnlyList<PvhKernel.Segment> Segments)
{
    private const int SegmentTable = 32;
    private const int SegmentSize = 54;
    private const uint Loadable = 1;
    private const uint Notes = 4;
    private const uint PhysicalEntry = 18;

    /// <summary>What is loaded to a physical address; the rest of it up to the next segment is zeros.</summary>
    public sealed record Segment(ulong Address, ReadOnlyMemory<byte> Content);

    /// <exception cref="GuestsException">It has no such note, or is no ELF file.</exception>
    public static PvhKernel Read(byte[] file)
    {
        if (!file.AsSpan().StartsWith((ReadOnlySpan<byte>)[0x7F, (byte)'E', (byte)'L', (byte)'F', 2]))
            throw new GuestsException("the kernel is no ELF file of 64 bits: it may be compressed in a way that is not read here");
        var segments = new List<Segment>();
        uint? entry = null;
        ulong end = 0;
        ulong table = BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(SegmentTable));
        int size = BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(SegmentSize));
        int count = BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(SegmentSize + 2));
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> header = file.AsSpan(checked((int)table) + (i * size), size);
            Memory<byte> content = file.AsMemory(checked((int)BinaryPrimitives.ReadUInt64LittleEndian(header[8..])), checked((int)BinaryPrimitives.ReadUInt64LittleEndian(header[32..])));
            ulong address = BinaryPrimitives.ReadUInt64LittleEndian(header[24..]);
            switch (BinaryPrimitives.ReadUInt32LittleEndian(header))
            {
                case Loadable:
                    segments.Add(new Segment(address, content));
                    end = Math.Max(end, address + BinaryPrimitives.ReadUInt64LittleEndian(header[40..]));
                    break;
                case Notes:
                    entry ??= FindEntry(content.Span);
                    break;
            }
        }

        return new PvhKernel(entry ?? throw new GuestsException("the kernel has no PVH note"), end, segments);
    }

    /// <summary>Lengths of name and content, type, name, content: each part is padded to four bytes.</summary>
    private static uint? FindEntry(ReadOnlySpan<byte> notes)
    {
        while (notes.Length >= 12)
        {
            int name = Padded(BinaryPrimitives.ReadInt32LittleEndian(notes));
            int content = Padded(BinaryPrimitives.ReadInt32LittleEndian(notes[4..]));
            if (BinaryPrimitives.ReadUInt32LittleEndian(notes[8..]) == PhysicalEntry && notes[12..].StartsWith("Xen\0"u8))
                return BinaryPrimitives.ReadUInt32LittleEndian(notes[(12 + name)..]);
            notes = notes[(12 + name + content)..];
        }

        return null;
    }

    private static int Padded(int length) => (length + 3) & ~3;
}
