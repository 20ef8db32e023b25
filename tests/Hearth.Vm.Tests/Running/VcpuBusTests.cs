using Hearth.Machine;
using Hearth.Testing;
using Hearth.Vm.Running;

namespace Hearth.Vm.Tests.Running;

public sealed class VcpuBusTests
{
    private const ulong ApicBase = 0xFEE0_0000;
    private const ulong ApicId = ApicBase + 0x20;
    private const ulong TaskPriority = ApicBase + 0x80;
    private const uint ApicBaseMsr = 0x1B;
    private const uint TimerBase = 0xFED0_0000;

    [Fact]
    public void ReadMemory_apicPage_isThatOfTheReadingVcpu()
    {
        using var guest = new TestGuestMachine(cpus: 3);
        guest.Machine.PowerOn();

        ulong[] ids = [.. guest.Machine.Processors.Select(processor => processor.Bus.ReadMemory(ApicId, AccessWidth.Dword) >> 24)];

        Assert.Equal([0UL, 1, 2], ids);
    }

    [Fact]
    public void WriteMemory_apicPage_reachesThatVcpuAlone()
    {
        using var guest = new TestGuestMachine(cpus: 2);
        guest.Machine.PowerOn();

        guest.Machine.Processors[1].Bus.WriteMemory(TaskPriority, AccessWidth.Dword, 0x50);

        Assert.Equal(0u, guest.Machine.Processors[0].Apic!.TaskPriorityClass);
        Assert.Equal(5u, guest.Machine.Processors[1].Apic!.TaskPriorityClass);
    }

    [Fact]
    public void ReadMemory_apicMovedAway_findsItWhereItIs()
    {
        using var guest = new TestGuestMachine();
        guest.Machine.PowerOn();
        Processor processor = guest.Machine.Processors[0];
        processor.Apic!.TryWriteMsr(ApicBaseMsr, 0xFEF0_0000 | 0x900);

        ulong old = processor.Bus.ReadMemory(ApicId, AccessWidth.Dword);
        ulong moved = processor.Bus.ReadMemory(0xFEF0_0020, AccessWidth.Dword);

        Assert.Equal(0xFFFF_FFFFUL, old);
        Assert.Equal(0UL, moved);
    }

    [Fact]
    public void ReadMemory_nothingThere_readsOnes()
    {
        using var guest = new TestGuestMachine();

        ulong value = guest.Machine.Processors[0].Bus.ReadMemory(0xD000_0000, AccessWidth.Word);

        Assert.Equal(0xFFFFUL, value);
    }

    [Fact]
    public void Accesses_ofEveryKind_allocateNothing()
    {
        using var guest = new TestGuestMachine();
        guest.Machine.PowerOn();
        VcpuBus bus = guest.Machine.Processors[0].Bus;

        long allocated = Allocations.Of(() =>
        {
            for (int i = 0; i < 1000; i++)
                Touch(bus);
        });

        Assert.Equal(0, allocated);
    }

    [Fact]
    public void Trace_moreAccessesThanItKeeps_hasTheLast()
    {
        using var guest = new TestGuestMachine();
        VcpuBus bus = guest.Machine.Processors[0].Bus;
        for (ushort port = 0x100; port < 0x164; port++)
            bus.WritePort(port, AccessWidth.Byte, 1);

        ulong[] ports = [.. bus.Trace.Entries.Select(access => access.Address)];

        Assert.Equal([.. Enumerable.Range(0x154, 16).Select(port => (ulong)port)], ports);
    }

    private static void Touch(VcpuBus bus)
    {
        bus.ReadMemory(ApicId, AccessWidth.Dword);
        bus.WriteMemory(TaskPriority, AccessWidth.Dword, 0);
        bus.ReadMemory(TimerBase, AccessWidth.Dword);
        bus.ReadMemory(0xD000_0000, AccessWidth.Dword);
        bus.WriteMemory(0xD000_0000, AccessWidth.Dword, 0);
        bus.ReadPort(0x3FD, AccessWidth.Byte);
        bus.WritePort(0x80, AccessWidth.Byte, 0);
        bus.ReadPort(0x40, AccessWidth.Byte);
    }
}
