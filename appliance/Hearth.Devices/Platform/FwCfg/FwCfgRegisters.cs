namespace Hearth.Devices.Platform.FwCfg;

/// <summary>The ports of the interface, from its base 0x510 (QEMU, docs/specs/fw_cfg.rst, "Guest-side hardware interface").</summary>
internal static class FwCfgRegisters
{
    public const ushort PortBase = 0x510;

    /// <summary>16 bits, little-endian, write-only.</summary>
    public const uint Selector = 0;

    /// <summary>8 bits: the next byte of the selected item.</summary>
    public const uint Data = 1;

    /// <summary>64 bits, big-endian: the address of a request; writing its low half starts the transfer.</summary>
    public const uint DmaAddress = 4;
    public const uint DmaAddressLow = 8;

    /// <summary>Ports the device takes.</summary>
    public const uint Length = 12;

    /// <summary>What the DMA address register reads as: <c>"QEMU CFG"</c>.</summary>
    public const ulong DmaSignature = 0x51454D5520434647;
}

/// <summary>The control word of a DMA request.</summary>
[Flags]
internal enum DmaControls : uint
{
    None = 0,
    Error = 1 << 0,
    Read = 1 << 1,
    Skip = 1 << 2,

    /// <summary>Select the item in the upper 16 bits first.</summary>
    Select = 1 << 3,
    Write = 1 << 4,
}
