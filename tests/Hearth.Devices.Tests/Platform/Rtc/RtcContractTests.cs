using Hearth.Devices.Platform.Rtc;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Platform.Rtc;

public sealed class RtcContractTests : DeviceContractTests
{
    protected override IMachineDevice Create(TestMachine machine) =>
        new RtcModule(machine.Line(8), new CmosMemorySize(128 << 20, 0)).Create(machine.Context);

    /// <summary>Time and CMOS survive a reset by design; what the RESET pin clears is compared with power-on.</summary>
    public override void Reset_AfterTraffic_EqualsPowerOn(int seed)
    {
        var machine = new TestMachine();
        IMachineDevice device = Create(machine);
        device.Reset();
        new DeviceTraffic(machine, seed).AccessAndWait(2000);

        device.Reset();
        byte index = TestMachine.Save(device)[1];
        machine.Out(0x70, 0x0B);
        int enables = machine.In(0x71) & 0x78;
        machine.Out(0x70, 0x0C);
        int flags = machine.In(0x71);

        Assert.Equal([0, 0, 0], [index, enables, flags]);
        Assert.False(machine.Line(8).IsAsserted);
        Assert.Null(machine.Clock.NextDeadline);
    }
}
