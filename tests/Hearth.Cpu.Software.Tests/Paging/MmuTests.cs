using Hearth.Memory;
using Hearth.Testing;

namespace Hearth.Cpu.Software.Tests;

public sealed unsafe class MmuTests
{
    private const ulong Linear = 0x20_3456;

    [Fact]
    public void Fill_for_reading_a_clean_page_gives_no_right_to_write()
    {
        using SystemMachine machine = SystemMachine.Long();

        bool filled = machine.Mmu.TryFill(Linear, MemoryAccess.Read, TlbMode.Supervisor);

        Assert.True(filled);
        Assert.True(machine.Mmu.ReadPointer(Linear, TlbMode.Supervisor) == machine.Ram.HostAddress(Linear));
        Assert.True(machine.Mmu.WritePointer(Linear, TlbMode.Supervisor) is null);
    }

    [Fact]
    public void Fill_for_writing_marks_the_page_dirty_and_gives_the_right()
    {
        using SystemMachine machine = SystemMachine.Long();

        machine.Mmu.TryFill(Linear, MemoryAccess.Write, TlbMode.Supervisor);

        Assert.True(machine.Mmu.WritePointer(Linear, TlbMode.Supervisor) == machine.Ram.HostAddress(Linear));
        Assert.Equal((byte)PageFlags.Dirty, machine.Ram.FlagsOf(Linear));
    }

    [Fact]
    public void Fill_of_a_code_page_gives_no_right_to_write()
    {
        using SystemMachine machine = SystemMachine.Long();
        machine.Ram.SetFlags(Linear, PageFlags.Code);

        bool filled = machine.Mmu.TryFill(Linear, MemoryAccess.Write, TlbMode.Supervisor);

        Assert.True(filled);
        Assert.True(machine.Mmu.ReadPointer(Linear, TlbMode.Supervisor) is not null);
        Assert.True(machine.Mmu.WritePointer(Linear, TlbMode.Supervisor) is null);
    }

    [Fact]
    public void FlushWriteTags_takes_the_right_from_every_alias()
    {
        using SystemMachine machine = SystemMachine.Long();
        machine.Mmu.TryFill(Linear, MemoryAccess.Write, TlbMode.Supervisor);
        machine.Mmu.TryFill(Linear, MemoryAccess.Write, TlbMode.User);

        machine.Mmu.FlushWriteTags(Linear);

        Assert.True(machine.Mmu.WritePointer(Linear, TlbMode.Supervisor) is null);
        Assert.True(machine.Mmu.WritePointer(Linear, TlbMode.User) is null);
        Assert.True(machine.Mmu.ReadPointer(Linear, TlbMode.User) is not null);
    }

    [Fact]
    public void Fill_outside_ram_fails_without_a_fault()
    {
        using SystemMachine machine = SystemMachine.Protected();

        bool filled = machine.Mmu.TryFill(0xFEC0_0000, MemoryAccess.Read, TlbMode.Supervisor);

        Assert.False(filled);
        Assert.Equal(0, machine.State->FaultPending);
    }

    [Fact]
    public void Fill_of_a_page_with_a_data_breakpoint_fails_without_a_fault()
    {
        using SystemMachine machine = SystemMachine.Long();
        machine.State->DebugRegister[2] = 0x20_3000;
        machine.State->DebugRegister[5] = 0x0D00_0410;

        bool filled = machine.Mmu.TryFill(Linear, MemoryAccess.Read, TlbMode.Supervisor);

        Assert.False(filled);
        Assert.Equal(0, machine.State->FaultPending);
    }

    [Fact]
    public void FlushPage_drops_every_piece_of_a_large_page_and_nothing_else()
    {
        using SystemMachine machine = SystemMachine.Long();
        machine.Mmu.TryFill(0x20_3000, MemoryAccess.Read, TlbMode.Supervisor);
        machine.Mmu.TryFill(0x30_5000, MemoryAccess.Read, TlbMode.User);
        machine.Mmu.TryFill(0x40_6000, MemoryAccess.Read, TlbMode.Supervisor);

        machine.Mmu.FlushPage(0x20_0000);

        Assert.True(machine.Mmu.ReadPointer(0x20_3000, TlbMode.Supervisor) is null);
        Assert.True(machine.Mmu.ReadPointer(0x30_5000, TlbMode.User) is null);
        Assert.True(machine.Mmu.ReadPointer(0x40_6000, TlbMode.Supervisor) is not null);
    }

    [Fact]
    public void FlushNonGlobal_keeps_global_pages_that_Flush_drops()
    {
        using SystemMachine machine = SystemMachine.Long();
        machine.Write(SystemMachine.Pml4 + 0x2008, 8, 0x20_0000 | 0x187);
        machine.Mmu.TryFill(0x20_3000, MemoryAccess.Read, TlbMode.Supervisor);
        machine.Mmu.TryFill(0x40_6000, MemoryAccess.Read, TlbMode.Supervisor);

        machine.Mmu.FlushNonGlobal();
        bool globalAfterFirst = machine.Mmu.ReadPointer(0x20_3000, TlbMode.Supervisor) is not null;
        bool localAfterFirst = machine.Mmu.ReadPointer(0x40_6000, TlbMode.Supervisor) is not null;
        machine.Mmu.Flush();

        Assert.True(globalAfterFirst);
        Assert.False(localAfterFirst);
        Assert.True(machine.Mmu.ReadPointer(0x20_3000, TlbMode.Supervisor) is null);
    }

    [Fact]
    public void Slot_taken_over_by_another_page_is_flushed_with_that_page()
    {
        using SystemMachine machine = SystemMachine.Long();
        machine.Write(SystemMachine.Pml4 + 0x2000, 8, 0x187);
        machine.Mmu.TryFill(0x3000, MemoryAccess.Read, TlbMode.Supervisor);
        machine.Mmu.TryFill(0x40_3000, MemoryAccess.Read, TlbMode.Supervisor);

        machine.Mmu.FlushNonGlobal();

        Assert.True(machine.Mmu.ReadPointer(0x40_3000, TlbMode.Supervisor) is null);
    }

    [Fact]
    public void Guarded_supervisor_may_not_read_a_user_page()
    {
        using SystemMachine machine = SystemMachine.Long();

        bool found = machine.Mmu.TryTranslate(Linear, MemoryAccess.Read, TlbMode.GuardedSupervisor, out _);

        Assert.False(found);
        Assert.Equal(PageFaultCode.Protection, machine.State->FaultErrorCode);
    }

    [Fact]
    public void Fetch_by_the_guarded_supervisor_does_not_open_the_page_for_reads()
    {
        using SystemMachine machine = SystemMachine.Long();

        machine.Mmu.TryTranslate(Linear, MemoryAccess.Execute, TlbMode.GuardedSupervisor, out _);

        Assert.True(machine.Mmu.ReadPointer(Linear, TlbMode.GuardedSupervisor) is null);
    }

    [Fact]
    public void Translation_and_flush_allocate_nothing()
    {
        using SystemMachine machine = SystemMachine.Long();

        long allocated = Allocations.Of(() => Exercise(machine));

        Assert.Equal(0, allocated);
    }

    private static void Exercise(SystemMachine machine)
    {
        for (ulong linear = 0; linear < 0x40_0000; linear += 0x1000)
            machine.Mmu.TryFill(linear, MemoryAccess.Write, TlbMode.Supervisor);
        machine.Mmu.TryTranslate(0x7FFF_0000_0000, MemoryAccess.Read, out _);
        machine.Mmu.FlushPage(0x1000);
        machine.Mmu.FlushNonGlobal();
    }
}
