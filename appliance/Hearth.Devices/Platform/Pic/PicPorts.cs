namespace Hearth.Devices.Platform.Pic;

/// <summary>The registers of the pair by their port numbers on the ISA bus.</summary>
internal enum PicPorts : ushort
{
    Master = 0x20,
    Slave = 0xA0,
    EdgeLevelControl = 0x4D0,
}
