using System.Buffers.Binary;

namespace Hearth.Vm.Boot;

/// <summary>The "zero page" a Linux kernel is started with (Documentation/arch/x86/zero-page.rst).</summary>
internal sealed class BootParameters
{
    public const int Length = 4096;

    private const int RootPointerOffset = 0x070;
    private const int MapCountOffset = 0x1E8;
    private const int MapOffset = 0x2D0;
    private const int MapEntryLength = 20;
    private const byte UnassignedLoader = 0xFF;
    private const ushort NormalVideoMode = 0xFFFF;

    private readonly byte[] _page = new byte[Length];

    public BootParameters(SetupHeader header)
    {
        header.Bytes.CopyTo(_page.AsSpan(SetupHeader.Start));
        _page[0x210] = UnassignedLoader;
        BinaryPrimitives.WriteUInt16LittleEndian(_page.AsSpan(0x1FA), NormalVideoMode);

        // A chain of setup data belongs to whoever starts the kernel; what the file says there is nobody's address.
        _page.AsSpan(0x250, sizeof(ulong)).Clear();
    }

    public ReadOnlySpan<byte> Bytes => _page;

    public void SetKernel(uint address) => Write(0x214, address);

    public void SetCommandLine(uint address) => Write(0x228, address);

    public void SetInitrd(uint address, uint length)
    {
        Write(0x218, address);
        Write(0x21C, length);
    }

    public void SetAcpiRootPointer(ulong address) => BinaryPrimitives.WriteUInt64LittleEndian(_page.AsSpan(RootPointerOffset), address);

    public void SetMemoryMap(IReadOnlyList<MemoryMapEntry> map)
    {
        _page[MapCountOffset] = (byte)map.Count;
        for (int i = 0; i < map.Count; i++)
        {
            Span<byte> entry = _page.AsSpan(MapOffset + (i * MapEntryLength), MapEntryLength);
            BinaryPrimitives.WriteUInt64LittleEndian(entry, map[i].Range.Start);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[8..], map[i].Range.Length);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[16..], map[i].Type);
        }
    }

    private void Write(int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(_page.AsSpan(offset), value);
}
