using System.Buffers.Binary;
using Hearth.Machine;

namespace Hearth.Vm.Boot;

/// <summary>The header of a multiboot 1 kernel (Multiboot Specification 0.6.96, section 3.1).</summary>
internal sealed class MultibootHeader
{
    /// <summary>The header lies wholly within these first bytes of the file.</summary>
    public const int SearchLength = 8192;

    private const uint Magic = 0x1BAD_B002;
    private const uint PageAlignedModules = 1 << 0;
    private const uint MemoryInformation = 1 << 1;
    private const uint VideoMode = 1 << 2;
    private const uint AddressFields = 1 << 16;

    private readonly byte[] _fields = new byte[32];
    private readonly ulong _offset;

    private MultibootHeader(BootImage image, int offset)
    {
        _offset = (ulong)offset;
        image.Read(_offset, _fields.AsSpan(0, 12));
        uint unknown = Flags & 0xFFFF & ~(PageAlignedModules | MemoryInformation | VideoMode);
        if (unknown != 0)
            throw new MachineException($"{image.Name} requires multiboot features 0x{unknown:x}, which Hearth does not have");
        if (HasAddresses)
            image.Read(_offset, _fields);
    }

    /// <summary>The header says itself where the file goes; otherwise it is an ELF file.</summary>
    public bool HasAddresses => (Flags & AddressFields) != 0;

    public uint EntryAddress => Field(28);

    private uint Flags => Field(4);

    /// <returns>Null when the file has no multiboot header.</returns>
    /// <exception cref="MachineException">The kernel requires what Hearth has not.</exception>
    public static MultibootHeader? Find(BootImage image, ReadOnlySpan<byte> head)
    {
        for (int offset = 0; offset + 12 <= Math.Min(head.Length, SearchLength); offset += 4)
        {
            ReadOnlySpan<byte> fields = head[offset..];
            uint sum = Magic + BinaryPrimitives.ReadUInt32LittleEndian(fields[4..]) + BinaryPrimitives.ReadUInt32LittleEndian(fields[8..]);
            if (BinaryPrimitives.ReadUInt32LittleEndian(fields) == Magic && sum == 0)
                return new MultibootHeader(image, offset);
        }

        return null;
    }

    /// <summary>The file as one segment, from the address fields.</summary>
    /// <exception cref="MachineException">The fields contradict each other or the file.</exception>
    public ElfSegment AddressedSegment(BootImage image)
    {
        ulong header = Field(12);
        ulong load = Field(16);
        ulong loadEnd = Field(20);
        ulong bssEnd = Field(24);
        if (load > header || header - load > _offset)
            throw image.Damaged($"its multiboot header at 0x{header:x} lies before what is loaded at 0x{load:x}");
        ulong offset = _offset - (header - load);
        ulong fileLength = loadEnd == 0 ? image.Length - offset : loadEnd - load;
        if (loadEnd != 0 && loadEnd < load)
            throw image.Damaged($"its multiboot load end 0x{loadEnd:x} lies before its start");
        if (fileLength > image.Length - offset)
            throw image.Truncated();
        ulong length = Math.Max(fileLength, bssEnd > load ? bssEnd - load : 0);
        return new ElfSegment(ElfSegment.Load, offset, load, load, fileLength, length);
    }

    private uint Field(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(_fields.AsSpan(offset));
}
