namespace Hearth.Cpu.Software.Tests;

public sealed unsafe class DebugEventsTests
{
    [Fact]
    public void Data_breakpoint_is_a_trap_after_the_access()
    {
        using SystemMachine machine = Watching(0x6004, 0x000D_0402); // four bytes, write, DR0

        bool written = machine.Access.TryWrite(SegmentName.DS, 0x6006, 2, 1);
        bool ended = machine.Debug.End();

        Assert.True(written);
        Assert.False(ended);
        Assert.Equal(ExceptionVector.Debug, machine.State->FaultVector);
        Assert.Equal(1UL, machine.State->FaultAddress);
    }

    [Theory]
    [InlineData(0x6008UL, true)] // past the watched bytes
    [InlineData(0x6004UL, false)] // a read
    public void Data_breakpoint_for_writes_ignores_other_accesses(ulong address, bool write)
    {
        using SystemMachine machine = Watching(0x6004, 0x000D_0402);

        _ = write ? machine.Access.TryWrite(SegmentName.DS, address, 4, 1) : machine.Access.TryRead(SegmentName.DS, address, 4, out _);

        Assert.False(machine.Debug.HasHits);
    }

    [Fact]
    public void Port_breakpoint_needs_debugging_extensions()
    {
        using SystemMachine machine = Watching(0x3F8, 0x0002_0402);

        machine.Debug.NotePort(0x3F8, 1);
        bool without = machine.Debug.HasHits;
        machine.State->Cr4 |= ControlRegister.Cr4DebuggingExtensions;
        machine.Debug.NotePort(0x3F8, 1);

        Assert.False(without);
        Assert.True(machine.Debug.HasHits);
    }

    [Fact]
    public void General_detect_faults_on_any_debug_register_and_is_cleared_for_the_handler()
    {
        using SystemMachine machine = SystemMachine.Long();
        machine.WriteGate64(1);
        machine.State->DebugRegister[5] |= DebugControl.Dr7GeneralDetect;

        StepResult result = machine.Execute(0x0F, 0x21, 0xC0); // mov rax, dr0
        machine.Events.DeliverPending();

        Assert.Equal(StepResult.Fault, result);
        Assert.Equal(DebugControl.GeneralDetect, machine.State->DebugRegister[4] & 0xE00F);
        Assert.Equal(0UL, machine.State->DebugRegister[5] & DebugControl.Dr7GeneralDetect);
    }

    [Fact]
    public void Debug_registers_4_and_5_are_aliases_unless_de_is_set()
    {
        using SystemMachine machine = SystemMachine.Long();

        StepResult alias = machine.Execute(0x0F, 0x21, 0xE0); // mov rax, dr4
        ulong value = machine.State->Gpr[0];
        machine.State->Cr4 |= ControlRegister.Cr4DebuggingExtensions;
        StepResult undefined = machine.Execute(0x0F, 0x21, 0xE0);

        Assert.Equal(StepResult.Continue, alias);
        Assert.Equal(0xFFFF_0FF0UL, value);
        Assert.Equal(StepResult.Fault, undefined);
        Assert.Equal(ExceptionVector.InvalidOpcode, machine.State->FaultVector);
    }

    [Fact]
    public void Dr6_and_dr7_keep_their_fixed_bits_and_refuse_upper_halves()
    {
        using SystemMachine machine = SystemMachine.Long();
        machine.State->Gpr[0] = 0;
        machine.Execute(0x0F, 0x23, 0xF0); // mov dr6, rax
        machine.Execute(0x0F, 0x23, 0xF8); // mov dr7, rax
        machine.State->Gpr[0] = 0x1_0000_0000;

        StepResult refused = machine.Execute(0x0F, 0x23, 0xF8);

        Assert.Equal(0xFFFF_0FF0UL, machine.State->DebugRegister[4]);
        Assert.Equal(0x400UL, machine.State->DebugRegister[5]);
        Assert.Equal(StepResult.Fault, refused);
    }

    [Fact]
    public void Load_of_the_stack_segment_is_not_stepped_into()
    {
        using SystemMachine machine = SystemMachine.Protected();
        Rflags.Change(machine.State, Rflags.Trap, Rflags.Trap);
        machine.State->Gpr[0] = SystemMachine.KernelData;

        machine.Debug.Begin();
        machine.Execute(0x8E, 0xD0); // mov ss, eax
        bool afterLoad = machine.Debug.End();
        machine.Debug.Begin();
        machine.Execute(0x0F, 0x09); // wbinvd
        bool afterNext = machine.Debug.End();

        Assert.True(afterLoad);
        Assert.False(afterNext);
    }

    private static SystemMachine Watching(ulong address, ulong dr7)
    {
        SystemMachine machine = SystemMachine.Long();
        machine.State->DebugRegister[0] = address;
        machine.State->DebugRegister[5] = dr7;
        ModeState.Update(machine.State);
        return machine;
    }
}
