using Hearth.Machine;

namespace Hearth.Devices.Platform;

/// <summary>A single byte-wide I/O port of a device whose other ports lie elsewhere.</summary>
/// <param name="read">Reads the port; takes the device's lock.</param>
/// <param name="write">Writes the port; takes the device's lock.</param>
internal sealed class BytePort(Func<byte> read, Action<byte> write) : IBusDevice
{
    public ulong Read(ulong offset, AccessWidth width) => read();

    public void Write(ulong offset, AccessWidth width, ulong value) => write((byte)value);
}
