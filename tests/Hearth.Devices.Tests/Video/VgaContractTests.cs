using Hearth.Devices.Tests.Pci;
using Hearth.Devices.Video.Vga;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Video;

public class VgaContractTests : DeviceContractTests
{
    protected override IMachineDevice Create(TestMachine machine) =>
        new AssignedMachinePart(machine, new VgaDevice(new FakeDisplay(new DisplaySize(800, 600)), new FakeDeviceMemory(256 << 10), default, machine.Context));

    /// <summary>A mode by the seed, and pictures of it.</summary>
    protected override void Stimulate(TestMachine machine, IMachineDevice device, int seed)
    {
        ((VgaDevice)((AssignedMachinePart)device).Function).Refresh();
        machine.OutWord(0x1CE, 1);
        machine.OutWord(0x1CF, (ushort)(64 * seed));
        machine.OutWord(0x1CE, 2);
        machine.OutWord(0x1CF, (ushort)(8 * seed));
        machine.OutWord(0x1CE, 3);
        machine.OutWord(0x1CF, (ushort)(seed % 5 * 8));
        machine.OutWord(0x1CE, 4);
        machine.OutWord(0x1CF, (ushort)(seed % 2 == 0 ? 0x41 : 0));
        machine.Out(0x3C2, 0x63);
        ((VgaDevice)((AssignedMachinePart)device).Function).Refresh();
    }
}
