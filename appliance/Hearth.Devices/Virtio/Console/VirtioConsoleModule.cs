using Hearth.Devices.Pci;
using Hearth.Machine;

namespace Hearth.Devices.Virtio.Console;

/// <summary>A console: <c>virtio-console0</c>, the guest's <c>hvc0</c>.</summary>
/// <param name="index">Counts the machine's consoles; names the device in saved states.</param>
/// <param name="slot">The PCI slot; null takes the first free one.</param>
public sealed class VirtioConsoleModule(PciBus bus, int index, ICharacterPort port, int? slot = null) : VirtioModule(bus, slot)
{
    public override string Name => $"virtio-console{index}";

    protected override VirtioDevice CreateDevice(DeviceContext context) => new VirtioConsoleDevice(Name, port, context);
}
