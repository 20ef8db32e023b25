using Hearth.Devices.Pci;
using Hearth.Machine;

namespace Hearth.Devices.Video.Vga;

/// <summary>The VGA, <c>vga</c>, in slot 2, where firmware and systems expect it.</summary>
/// <param name="memory">The frame buffer, 16 MiB as a rule.</param>
/// <param name="firmware">The VGA BIOS; empty for none.</param>
public sealed class VgaModule(PciBus bus, IDisplay display, IDeviceMemory memory, ReadOnlyMemory<byte> firmware = default) : IDeviceModule
{
    /// <summary>Bytes of a usual frame buffer.</summary>
    public const int MemoryLength = 16 << 20;

    private const int Slot = 2;

    public string Name => "vga";

    public IMachineDevice Create(DeviceContext context)
    {
        var device = new VgaDevice(display, memory, firmware, context);
        bus.Add(device, Slot);
        return device;
    }
}
