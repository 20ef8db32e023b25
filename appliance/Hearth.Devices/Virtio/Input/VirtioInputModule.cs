using Hearth.Devices.Input;
using Hearth.Devices.Pci;
using Hearth.Machine;

namespace Hearth.Devices.Virtio.Input;

/// <summary>An input device: <c>virtio-keyboard0</c>, <c>virtio-mouse0</c>, ….</summary>
/// <param name="router">Gets the device.</param>
/// <param name="slot">The PCI slot; null takes the first free one.</param>
public sealed class VirtioInputModule(PciBus bus, InputDeviceKind kind, InputRouter router, int? slot = null) : VirtioModule(bus, slot)
{
    public override string Name => kind switch
    {
        InputDeviceKind.Keyboard => "virtio-keyboard0",
        InputDeviceKind.Mouse => "virtio-mouse0",
        InputDeviceKind.Tablet => "virtio-tablet0",
        InputDeviceKind.Touchscreen => "virtio-touchscreen0",
        _ => "virtio-gamepad0",
    };

    protected override VirtioDevice CreateDevice(DeviceContext context)
    {
        var device = new VirtioInputDevice(Name, kind, router, context);
        router.Add(device);
        return device;
    }
}
