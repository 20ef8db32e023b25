using Hearth.Machine;

namespace Hearth.Devices.Storage.Ide;

/// <summary>The command block registers of a channel: eight ports, of which the first one has data of any width.</summary>
internal sealed class IdeCommandPorts(IdeDevice device, int channel) : IBusDevice
{
    public ulong Read(ulong offset, AccessWidth width) => device.ReadCommandBlock(channel, offset, (int)width);

    public void Write(ulong offset, AccessWidth width, ulong value) => device.WriteCommandBlock(channel, offset, (int)width, (uint)value);
}

/// <summary>The control block register of a channel: alternate status and device control.</summary>
internal sealed class IdeControlPort(IdeDevice device, int channel) : IBusDevice
{
    public ulong Read(ulong offset, AccessWidth width) => device.ReadControl(channel);

    public void Write(ulong offset, AccessWidth width, ulong value) => device.WriteControl(channel, (byte)value);
}

/// <summary>The bus master registers of both channels.</summary>
internal sealed class IdeBusMasterPorts(IdeDevice device) : IBusDevice
{
    public ulong Read(ulong offset, AccessWidth width) => device.ReadMaster((int)offset, (int)width);

    public void Write(ulong offset, AccessWidth width, ulong value) => device.WriteMaster((int)offset, (int)width, (uint)value);
}
