using Hearth.Devices.Platform.FwCfg;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Platform.FwCfg;

public sealed class FwCfgContractTests : DeviceContractTests
{
    protected override IMachineDevice Create(TestMachine machine)
    {
        var contents = new FwCfgContents();
        contents.AddFile("etc/table", [1, 2, 3, 4]);
        contents.AddFile("etc/address", new byte[8], writable: true);
        return new FwCfgModule(contents).Create(machine.Context);
    }

    /// <summary>Writes into the writable file by DMA.</summary>
    protected override void Stimulate(TestMachine machine, IMachineDevice device, int seed)
    {
        machine.Ram.Bytes.AsSpan(0x2000, 8).Fill((byte)seed);
        FwCfgGuest.Request(machine, FwCfgGuest.Write | FwCfgGuest.Select | (0x21u << 16), 0x2000, 8);
    }
}
