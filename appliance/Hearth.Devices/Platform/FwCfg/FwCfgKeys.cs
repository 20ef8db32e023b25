namespace Hearth.Devices.Platform.FwCfg;

/// <summary>The well-known items (QEMU, docs/specs/fw_cfg.rst and include/standard-headers/linux/qemu_fw_cfg.h).</summary>
public static class FwCfgKeys
{
    /// <summary>The bytes <c>"QEMU"</c>.</summary>
    public const ushort Signature = 0x00;

    /// <summary>32 bits of features: bit 0 the port interface, bit 1 DMA.</summary>
    public const ushort Identifier = 0x01;

    /// <summary>16 bytes.</summary>
    public const ushort Uuid = 0x02;

    /// <summary>64 bits: bytes of RAM.</summary>
    public const ushort RamSize = 0x03;

    /// <summary>16 bits: processors running at power-on.</summary>
    public const ushort ProcessorCount = 0x05;

    public const ushort KernelAddress = 0x07;
    public const ushort KernelSize = 0x08;
    public const ushort InitrdAddress = 0x0A;
    public const ushort InitrdSize = 0x0B;

    /// <summary>16 bits: one more than the highest processor number.</summary>
    public const ushort MaximumProcessorCount = 0x0F;

    public const ushort KernelEntry = 0x10;
    public const ushort KernelData = 0x11;
    public const ushort InitrdData = 0x12;
    public const ushort CommandLineAddress = 0x13;
    public const ushort CommandLineSize = 0x14;
    public const ushort CommandLineData = 0x15;
    public const ushort SetupAddress = 0x16;
    public const ushort SetupSize = 0x17;
    public const ushort SetupData = 0x18;

    /// <summary>The directory of files.</summary>
    public const ushort FileDirectory = 0x19;

    /// <summary>The key of the first file; the others follow in the order they were added.</summary>
    public const ushort FirstFile = 0x20;
}
