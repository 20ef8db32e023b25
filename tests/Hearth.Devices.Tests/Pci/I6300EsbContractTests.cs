using Hearth.Devices.Pci.I6300Esb;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Pci;

public class I6300EsbContractTests : DeviceContractTests
{
    protected override IMachineDevice Create(TestMachine machine) => new AssignedMachinePart(machine, new I6300EsbDevice(machine.Context));

    /// <summary>Unlocks, sets short times, and starts the timer as the seed says.</summary>
    protected override void Stimulate(TestMachine machine, IMachineDevice device, int seed)
    {
        var function = (I6300EsbDevice)((AssignedMachinePart)device).Function;
        foreach (ulong register in (ReadOnlySpan<ulong>)[0, 4])
        {
            function.Write(0xC, AccessWidth.Word, 0x80);
            function.Write(0xC, AccessWidth.Word, 0x86);
            function.Write(register, AccessWidth.Dword, (ulong)seed * 20);
        }

        function.WriteConfiguration(0x60, AccessWidth.Word, (uint)seed * 5);
        function.WriteConfiguration(0x68, AccessWidth.Byte, (uint)(seed % 8) | 2);
        machine.Clock.Advance(50_000_000L * (seed % 3));
    }

    /// <summary>That it ran out survives a reset by design; all else is as at power-on.</summary>
    public override void Reset_AfterTraffic_EqualsPowerOn(int seed)
    {
        var machine = new TestMachine();
        IMachineDevice device = Create(machine);
        device.Reset();
        byte[] powerOn = TestMachine.Save(device);
        new DeviceTraffic(machine, seed).AccessAndWait(400);
        Stimulate(machine, device, seed);

        device.Reset();
        var function = (I6300EsbDevice)((AssignedMachinePart)device).Function;
        function.Write(0xC, AccessWidth.Word, 0x80);
        function.Write(0xC, AccessWidth.Word, 0x86);
        function.Write(0xC, AccessWidth.Word, 0x200);

        Assert.Equal(powerOn, TestMachine.Save(device));
        Assert.Null(machine.Clock.NextDeadline);
    }
}
