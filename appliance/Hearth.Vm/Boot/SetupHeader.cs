using System.Buffers.Binary;

namespace Hearth.Vm.Boot;

/// <summary>The setup header of a bzImage (Documentation/arch/x86/boot.rst, "The Real-Mode Kernel Header"). Checked before it is believed.</summary>
internal sealed class SetupHeader
{
    /// <summary>Offset of the header in the file and in boot_params.</summary>
    public const int Start = 0x1F1;

    /// <summary>boot_params has room for the header up to here.</summary>
    public const int Limit = 0x290;

    private const int JumpOffset = 0x201;
    private const int MagicOffset = 0x202;
    private const uint Magic = 0x5372_6448; // "HdrS"
    private const ushort BootFlag = 0xAA55;
    private const ushort OldestVersion = 0x205;
    private const byte LoadedHigh = 1;
    private const ushort KernelIs64Bit = 1;
    private const uint SectorSize = 512;

    private readonly byte[] _bytes = new byte[Limit];

    /// <exception cref="Machine.MachineException">The header is older than Hearth knows, contradicts itself or the file is cut off.</exception>
    public SetupHeader(BootImage image)
    {
        image.Read(0, _bytes);
        if (Version < OldestVersion || (_bytes[0x211] & LoadedHigh) == 0)
            throw new Machine.MachineException($"{image.Name} speaks Linux boot protocol {Version >> 8}.{Version & 0xFF:d2}; Hearth needs 2.05 and a bzImage");

        ulong sectors = _bytes[Start] == 0 ? 4UL : _bytes[Start];
        KernelOffset = (sectors + 1) * SectorSize;
        ulong length = 16UL * UInt32(0x1F4);
        if (End > Limit || End < 0x238)
            throw image.Damaged($"its setup header ends at 0x{End:x}");
        if (length == 0)
            throw image.Damaged("its setup header says the kernel is empty");

        // The size is counted in paragraphs: up to 15 bytes of the last one may be missing from the file.
        if (KernelOffset + length > image.Length + 15)
            throw image.Truncated();
        KernelLength = Math.Min(length, image.Length - KernelOffset);
        if (Relocatable && !ulong.IsPow2(Alignment))
            throw image.Damaged($"its alignment is 0x{Alignment:x}");
    }

    public ushort Version => BinaryPrimitives.ReadUInt16LittleEndian(_bytes.AsSpan(0x206));

    /// <summary>Offset of the protected-mode kernel in the file.</summary>
    public ulong KernelOffset { get; }

    /// <summary>Bytes of the protected-mode kernel.</summary>
    public ulong KernelLength { get; }

    /// <summary>The highest address an initrd's last byte may have.</summary>
    public uint InitrdLimit => UInt32(0x22C);

    public bool Relocatable => _bytes[0x234] != 0;

    public ulong Alignment => UInt32(0x230);

    /// <summary>The kernel has the 64-bit entry point 0x200 bytes behind its start.</summary>
    public bool Has64BitEntry => Version >= 0x20C && (BinaryPrimitives.ReadUInt16LittleEndian(_bytes.AsSpan(0x236)) & KernelIs64Bit) != 0;

    /// <summary>Bytes of command line the kernel reads, the terminating zero excluded.</summary>
    public uint CommandLineLimit => Version >= 0x206 ? UInt32(0x238) : 255;

    public ulong PreferredAddress => Version >= 0x20A ? BinaryPrimitives.ReadUInt64LittleEndian(_bytes.AsSpan(0x258)) : BootMemory.HighMemoryStart;

    /// <summary>Bytes the kernel needs from where it is loaded until it can read the memory map.</summary>
    public ulong InitialSize => Math.Max(KernelLength, Version >= 0x20A ? UInt32(0x260) : KernelLength);

    /// <summary>The header as the kernel gets it back in boot_params, from <see cref="Start"/> on.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(Start..End);

    private int End => MagicOffset + _bytes[JumpOffset];

    public static bool IsPresent(ReadOnlySpan<byte> head) =>
        head.Length >= MagicOffset + sizeof(uint)
        && BinaryPrimitives.ReadUInt16LittleEndian(head[0x1FE..]) == BootFlag
        && BinaryPrimitives.ReadUInt32LittleEndian(head[MagicOffset..]) == Magic;

    private uint UInt32(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(_bytes.AsSpan(offset));
}
