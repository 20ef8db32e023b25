using Hearth.Machine;

namespace Hearth.Devices.Platform.Pit;

/// <summary>Port 0x61: the speaker, counter 2 and the memory refresh toggle.</summary>
internal sealed class SystemControlPort(PitDevice pit) : IBusDevice
{
    public ulong Read(ulong offset, AccessWidth width) => pit.ReadSystemControl();

    public void Write(ulong offset, AccessWidth width, ulong value) => pit.WriteSystemControl((byte)value);
}
