using Hearth.Cpu;
using Hearth.Vm.Boot;
using Hearth.Vm.Tests.Running;

namespace Hearth.Vm.Tests.Boot;

public sealed class MemoryTypesTests
{
    [Theory]
    [InlineData(Msr.MtrrDefType, 0xC06UL)]
    [InlineData(Msr.MtrrPhysBase0, 0xC000_0000UL)]
    [InlineData(Msr.MtrrPhysBase0 + 1, 0xFF_C000_0800UL)]
    [InlineData(Msr.MtrrPhysBase0 + 3, 0UL)]
    [InlineData(Msr.MtrrFix64K, 0x0606_0606_0606_0606UL)]
    [InlineData(Msr.MtrrFix16KLow, 0x0606_0606_0606_0606UL)]
    [InlineData(Msr.MtrrFix16KHigh, 0UL)]
    [InlineData(Msr.MtrrFix4KFirst, 0x0606_0606_0606_0606UL)]
    [InlineData(Msr.MtrrFix4KLast, 0x0606_0606_0606_0606UL)]
    public void Apply_overWhatAGuestLeft_isWhatFirmwareSets(uint msr, ulong expected)
    {
        var state = new CpuState();
        state.Msrs[msr] = 0x0505_0505_0505_0505;

        MemoryTypes.Apply(state);

        Assert.Equal(expected, state.Msrs[msr]);
    }

    [Fact]
    public void PowerOn_afterAGuestChangedThem_setsThemOnEveryProcessor()
    {
        using var guest = new TestGuestMachine(cpus: 3);
        guest.Machine.PowerOn();
        foreach (ScriptedVcpu vcpu in guest.Engine.Vcpus)
            vcpu.State.Msrs[Msr.MtrrDefType] = 0;

        guest.Machine.PowerOn();

        Assert.All(guest.Engine.Vcpus, vcpu => Assert.Equal(0xC06UL, vcpu.State.Msrs[Msr.MtrrDefType]));
    }
}
