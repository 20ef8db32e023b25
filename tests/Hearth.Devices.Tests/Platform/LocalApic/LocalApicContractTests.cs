using Hearth.Devices.Platform.LocalApic;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Platform.LocalApic;

public sealed class LocalApicContractTests : DeviceContractTests
{
    private static readonly uint[] s_otherMsrs = [0x1B, 0x6E0, 0x7FF, 0x900, 0, uint.MaxValue];

    protected override IMachineDevice Create(TestMachine machine)
    {
        var configuration = new LocalApicConfiguration { Id = 0 };
        var apic = new LocalApicDevice(
            configuration, new ApicBus(), machine.Clock, new ClockCounter(machine.Clock), new RecordingSignals(), machine.Log);
        machine.Memory.Map(new AddressRange(0xFEE0_0000, LocalApicDevice.PageLength), apic);
        return apic;
    }

    protected override void Stimulate(TestMachine machine, IMachineDevice device, int seed)
    {
        var apic = (LocalApicDevice)device;
        var random = new Random(seed);
        for (int i = 0; i < 300; i++)
        {
            uint msr = random.Next(3) == 0 ? s_otherMsrs[random.Next(s_otherMsrs.Length)] : 0x800 + (uint)random.Next(0x40);
            ulong value = random.Next(2) == 0 ? (ulong)random.Next(0x2000) : (ulong)random.NextInt64();
            apic.TryWriteMsr(msr, msr == 0x1B ? 0xFEE0_0000 | (value & 0xC00) : value);
            apic.TryReadMsr(msr, out _);
            apic.Deliver(new InterruptMessage(0, false, (InterruptDeliveryMode)random.Next(8), (byte)random.Next(256), random.Next(2) == 0));
            apic.Lint0.Set(random.Next(2) == 0);
            apic.Lint1.Set(random.Next(2) == 0);
            apic.TaskPriorityClass = (uint)random.Next(16);
            apic.Acknowledge();
        }

        apic.Lint0.Set(false);
        apic.Lint1.Set(false);
    }
}
