using Hearth.Machine;

namespace Hearth.Devices.Video.Vga;

/// <summary>The index and data registers at ports 0x1CE and 0x1CF. Data is 16 bits wide and not aligned; some drivers use 0x1D0 for it.</summary>
internal sealed class BochsPorts(VgaDevice device) : IBusDevice
{
    public const ushort FirstPort = 0x1CE;
    public const ushort PortCount = 4;

    public ulong Read(ulong offset, AccessWidth width) => offset == 0 ? device.BochsIndex : device.ReadBochs(device.BochsIndex);

    public void Write(ulong offset, AccessWidth width, ulong value)
    {
        if (offset == 0)
            device.BochsIndex = (ushort)value;
        else
            device.WriteBochs(device.BochsIndex, (ushort)value);
    }
}
