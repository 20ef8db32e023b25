using Hearth.Devices.Storage.Ide;
using Hearth.Devices.Tests.Pci;
using Hearth.Devices.Tests.Virtio;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Storage.Ide;

/// <summary>A disk and a CD, both read-only: what is written to a backend is no part of a device's state.</summary>
public class IdeContractTests : DeviceContractTests
{
    // READ SECTORS, READ MULTIPLE, SET MULTIPLE, IDENTIFY, READ DMA, SMART, PACKET, IDENTIFY PACKET, SET FEATURES, an unknown one.
    private static readonly byte[] s_commands = [0x20, 0xC4, 0xC6, 0xEC, 0xC8, 0xB0, 0xA0, 0xA1, 0xEF, 0xFF];

    protected override IMachineDevice Create(TestMachine machine)
    {
        var disk = new IdeUnit(new FakeBlockBackend { IsReadOnly = true }, IsCd: false, "disk");
        var cd = new IdeUnit(new FakeBlockBackend { IsReadOnly = true }, IsCd: true, "cd");
        return new AssignedMachinePart(machine, new IdeDevice(machine.Context, [disk, null, cd]));
    }

    /// <summary>Commands on both channels, left in the middle as the seed has it. The bus masters stay off: RAM is not part of the state.</summary>
    protected override void Stimulate(TestMachine machine, IMachineDevice device, int seed)
    {
        var random = new Random(seed);
        foreach (ushort ports in (ReadOnlySpan<ushort>)[0x1F0, 0x170])
        {
            for (int i = 0; i < 40; i++)
            {
                for (int register = 1; register < 6; register++)
                    machine.Out((ushort)(ports + register), (byte)random.Next(8));
                machine.Out((ushort)(ports + 6), 0xE0);
                machine.Out((ushort)(ports + 7), s_commands[random.Next(s_commands.Length)]);
                for (int words = random.Next(600); words > 0; words--)
                    machine.OutWord(ports, (ushort)machine.InWord(ports));
                if (random.Next(8) == 0)
                    machine.Out((ushort)(ports + 0x206), 0x04);
                machine.Out((ushort)(ports + 0x206), 0);
            }
        }
    }
}
