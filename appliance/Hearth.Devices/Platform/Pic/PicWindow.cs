using Hearth.Machine;

namespace Hearth.Devices.Platform.Pic;

/// <summary>Two byte ports of the pair. A wider access is split into bytes, as the ISA bus does.</summary>
internal sealed class PicWindow(PicDevice pic, PicPorts window) : IBusDevice
{
    public ulong Read(ulong offset, AccessWidth width)
    {
        ulong value = 0;
        for (int i = 0; i < (int)width; i++)
            value |= (ulong)pic.Read(window, offset + (ulong)i) << (i * 8);
        return value;
    }

    public void Write(ulong offset, AccessWidth width, ulong value)
    {
        for (int i = 0; i < (int)width; i++)
            pic.Write(window, offset + (ulong)i, (byte)(value >> (i * 8)));
    }
}
