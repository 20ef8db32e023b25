using System.Buffers.Binary;
using Hearth.Machine;

namespace Hearth.Vm.Boot;

/// <summary>A 32-bit or 64-bit x86 ELF executable (System V gABI). Offsets and sizes are checked against the file.</summary>
internal sealed class ElfImage
{
    private const int IdentLength = 16;
    private const byte Class32 = 1;
    private const byte Class64 = 2;
    private const byte LittleEndian = 1;
    private const ushort Machine386 = 3;
    private const ushort MachineX8664 = 62;

    /// <summary>A kernel has less than a dozen; the limit only bounds what a hostile file makes us read.</summary>
    private const int MostSegments = 1024;

    private readonly BootImage _image;

    /// <exception cref="MachineException">The file is no x86 executable, contradicts itself or is cut off.</exception>
    public ElfImage(BootImage image)
    {
        _image = image;
        Span<byte> header = stackalloc byte[64];
        image.Read(0, header[..IdentLength]);
        Is64Bit = header[4] == Class64;
        if (header[4] is not (Class32 or Class64) || header[5] != LittleEndian)
            throw NoExecutable();

        header = header[..(Is64Bit ? 64 : 52)];
        image.Read(0, header);
        if (BinaryPrimitives.ReadUInt16LittleEndian(header[18..]) is not (Machine386 or MachineX8664))
            throw NoExecutable();
        Entry = Is64Bit ? BinaryPrimitives.ReadUInt64LittleEndian(header[24..]) : BinaryPrimitives.ReadUInt32LittleEndian(header[24..]);
        ulong table = Is64Bit ? BinaryPrimitives.ReadUInt64LittleEndian(header[32..]) : BinaryPrimitives.ReadUInt32LittleEndian(header[28..]);
        ReadOnlySpan<byte> sizes = header[(Is64Bit ? 54 : 42)..];
        Segments = ReadSegments(table, BinaryPrimitives.ReadUInt16LittleEndian(sizes), BinaryPrimitives.ReadUInt16LittleEndian(sizes[2..]));
    }

    public bool Is64Bit { get; }

    /// <summary>The entry point as the header has it: virtual.</summary>
    public ulong Entry { get; }

    public IReadOnlyList<ElfSegment> Segments { get; }

    public static bool IsPresent(ReadOnlySpan<byte> head) => head.StartsWith("\u007FELF"u8);

    /// <summary>Copies every loadable segment to its physical address.</summary>
    /// <exception cref="MachineException">A segment lies outside RAM or on another one.</exception>
    public void CopyTo(BootMemory memory)
    {
        bool loaded = false;
        foreach (ElfSegment segment in Segments.Where(segment => segment.Type == ElfSegment.Load && segment.Length > 0))
        {
            if (!memory.TryReserve(segment.Address, segment.Length))
            {
                throw new MachineException(
                    $"{_image.Name} wants {BootMemory.Say(segment.Length)} at 0x{segment.Address:x}, which is not free in the guest's {BootMemory.Say(memory.Size)} of memory");
            }

            memory.Copy(_image, segment.Offset, segment.FileLength, segment.Address);
            memory.Clear(segment.Address + segment.FileLength, segment.Length - segment.FileLength);
            loaded = true;
        }

        if (!loaded)
            throw _image.Damaged("it has nothing to load");
    }

    /// <summary>The physical address of a virtual one, or the address itself when no segment holds it.</summary>
    public ulong Physical(ulong address)
    {
        foreach (ElfSegment segment in Segments)
        {
            if (segment.Type == ElfSegment.Load && address - segment.VirtualAddress < segment.Length)
                return address - segment.VirtualAddress + segment.Address;
        }

        return address;
    }

    private ElfSegment[] ReadSegments(ulong table, int entryLength, int count)
    {
        if (count == 0)
            return [];
        if (entryLength < (Is64Bit ? 56 : 32) || count > MostSegments)
            throw _image.Damaged($"it has {count} program headers of {entryLength} bytes");
        var bytes = new byte[entryLength * count];
        _image.Read(table, bytes);
        var segments = new ElfSegment[count];
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> entry = bytes.AsSpan(i * entryLength, entryLength);
            ElfSegment segment = Is64Bit ? Parse64(entry) : Parse32(entry);
            segments[i] = segment;
            if (segment.Type is not (ElfSegment.Load or ElfSegment.Note))
                continue;
            if (segment.Offset > _image.Length || segment.FileLength > _image.Length - segment.Offset)
                throw _image.Truncated();
            if (segment.Type == ElfSegment.Load && segment.FileLength > segment.Length)
                throw _image.Damaged($"segment {i} is longer in the file than in memory");
        }

        return segments;
    }

    private static ElfSegment Parse32(ReadOnlySpan<byte> entry) => new(
        BinaryPrimitives.ReadUInt32LittleEndian(entry),
        BinaryPrimitives.ReadUInt32LittleEndian(entry[4..]),
        BinaryPrimitives.ReadUInt32LittleEndian(entry[8..]),
        BinaryPrimitives.ReadUInt32LittleEndian(entry[12..]),
        BinaryPrimitives.ReadUInt32LittleEndian(entry[16..]),
        BinaryPrimitives.ReadUInt32LittleEndian(entry[20..]));

    private static ElfSegment Parse64(ReadOnlySpan<byte> entry) => new(
        BinaryPrimitives.ReadUInt32LittleEndian(entry),
        BinaryPrimitives.ReadUInt64LittleEndian(entry[8..]),
        BinaryPrimitives.ReadUInt64LittleEndian(entry[16..]),
        BinaryPrimitives.ReadUInt64LittleEndian(entry[24..]),
        BinaryPrimitives.ReadUInt64LittleEndian(entry[32..]),
        BinaryPrimitives.ReadUInt64LittleEndian(entry[40..]));

    private MachineException NoExecutable() => new($"{_image.Name} is an ELF file, but no x86 executable");
}
