namespace Hearth.Cpu.Software.Tests.Data;

public sealed unsafe class StackInstructionsTests
{
    private const ulong Stack = DataMachine.StackTop;

    [Fact]
    public void Pushad_stores_the_registers_and_the_old_stack_pointer()
    {
        using DataMachine machine = DataMachine.Protected32();
        SetRegisters(machine);

        StepResult result = machine.Run(0x60);

        Assert.Equal(StepResult.Continue, result);
        Assert.Equal(Stack - 32, machine.Rsp);
        uint[] expected = [0x107, 0x106, 0x105, (uint)Stack, 0x103, 0x102, 0x101, 0x100];
        for (int i = 0; i < 8; i++)
            Assert.Equal(expected[i], machine.Read(Stack - 32 + (ulong)(i * 4), 4));
    }

    [Fact]
    public void Popad_loads_all_registers_but_the_stack_pointer()
    {
        using DataMachine machine = DataMachine.Protected32();
        for (int i = 0; i < 8; i++)
            machine.Write(Stack + (ulong)(i * 4), (ulong)(0x200 + i), 4);

        machine.Run(0x61);

        Assert.Equal((0x207UL, 0x206UL, 0x205UL, 0x204UL), (machine.Rax, machine.Rcx, machine.Rdx, machine.Rbx));
        Assert.Equal((Stack + 32, 0x202UL, 0x201UL, 0x200UL), (machine.Rsp, machine.Rbp, machine.Rsi, machine.Rdi));
    }

    [Fact]
    public void Pusha_with_a_16_bit_stack_keeps_the_upper_half_of_esp()
    {
        using DataMachine machine = DataMachine.Real();
        machine.Rsp = 0x1234_0010;
        machine.Rax = 0xFFFF_5678;

        machine.Run(0x60);

        Assert.Equal(0x1234_0000UL, machine.Rsp);
        Assert.Equal(0x5678UL, machine.Read(DataMachine.DataAddress + 0xE, 2));
        Assert.Equal(0x10UL, machine.Read(DataMachine.DataAddress + 0x6, 2));
    }

    [Fact]
    public void Pushad_that_would_leave_the_stack_segment_faults_and_writes_nothing()
    {
        using DataMachine machine = DataMachine.Protected32();
        machine.State->SegmentLimit[(int)SegmentName.SS] = (uint)Stack - 9;
        ModeState.Update(machine.State);
        machine.Rsp = Stack + 12;
        machine.Rax = 0x55;

        StepResult result = machine.Run(0x60);

        Assert.Equal(StepResult.Fault, result);
        Assert.Equal(ExceptionVector.StackFault, machine.State->FaultVector);
        Assert.Equal(Stack + 12, machine.Rsp);
        Assert.Equal(0UL, machine.Read(Stack + 8, 4));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(31)]
    [InlineData(33)]
    public void Enter_and_leave_equal_the_host(byte level)
    {
        EqualsHost([0xC8, 0x28, 0x00, level]);
        EqualsHost([0x66, 0xC8, 0x28, 0x00, level]);
        EqualsHost([0xC9]);
        EqualsHost([0x66, 0xC9]);
    }

    [Theory]
    [InlineData(new byte[] { 0xFF, 0x34, 0x24 })]
    [InlineData(new byte[] { 0xFF, 0x74, 0xA4, 0x08 })]
    [InlineData(new byte[] { 0x66, 0xFF, 0x75, 0x10 })]
    [InlineData(new byte[] { 0x8F, 0x04, 0x24 })]
    [InlineData(new byte[] { 0x8F, 0x44, 0x24, 0x18 })]
    [InlineData(new byte[] { 0x66, 0x8F, 0x44, 0x24, 0x18 })]
    [InlineData(new byte[] { 0x8F, 0xC4 })]
    [InlineData(new byte[] { 0x66, 0x8F, 0xC4 })]
    [InlineData(new byte[] { 0xFF, 0xF4 })]
    public void Push_and_pop_of_a_stack_relative_operand_equal_the_host(byte[] code) => EqualsHost(code);

    [Fact]
    public void Pop_into_a_page_that_faults_leaves_the_stack_pointer()
    {
        using DataMachine machine = DataMachine.Long();
        machine.Unmap(DataMachine.DataAddress);
        machine.Rax = DataMachine.DataAddress;

        StepResult result = machine.Run(0x8F, 0x00);

        Assert.Equal(StepResult.Fault, result);
        Assert.Equal(Stack, machine.Rsp);
    }

    [Fact]
    public void Enter_whose_frame_ends_in_an_unmapped_page_faults_and_leaves_the_registers()
    {
        using DataMachine machine = DataMachine.Long();
        machine.Unmap(Stack - 0x3000);
        machine.Rbp = 0x77;

        StepResult result = machine.Run(0xC8, 0x00, 0x21, 0x00);

        Assert.Equal(StepResult.Fault, result);
        Assert.Equal(ExceptionVector.PageFault, machine.State->FaultVector);
        Assert.Equal((Stack, 0x77UL), (machine.Rsp, machine.Rbp));
    }

    [Theory]
    [InlineData(-10, 0)]
    [InlineData(-11, 1)]
    [InlineData(20, 0)]
    [InlineData(21, 1)]
    public void Bound_compares_signed(int index, byte faults)
    {
        using DataMachine machine = DataMachine.Protected32();
        machine.Write(DataMachine.DataAddress, unchecked((uint)-10), 4);
        machine.Write(DataMachine.DataAddress + 4, 20, 4);
        machine.Rax = (uint)index;
        machine.Rbx = DataMachine.DataAddress;

        machine.Run(0x62, 0x03);

        Assert.Equal(faults, machine.State->FaultPending);
        Assert.Equal(faults * ExceptionVector.BoundRange, machine.State->FaultVector);
        Assert.Equal(0, machine.State->FaultHasErrorCode);
    }

    private static void SetRegisters(DataMachine machine)
    {
        for (int i = 0; i < 8; i++)
            machine.State->Gpr[i] = (ulong)(0x100 + i);
        machine.Rsp = Stack;
    }

    /// <summary>Runs code that uses the stack both ways, at the same addresses, with RSP and RBP in 64 KiB of random words.</summary>
    private static void EqualsHost(byte[] code)
    {
        const int AreaLength = 0x1_0000;
        using var host = new HostProcessor();
        using DataMachine machine = DataMachine.Long();
        ulong address = (ulong)host.Memory;
        machine.Map(address, DataMachine.DataAddress, AreaLength);
        Span<byte> area = machine.Bytes(DataMachine.DataAddress, AreaLength);
        new Random(code.Length).NextBytes(area);
        machine.Write(DataMachine.DataAddress + 0xC000, address + 0x8000);

        // The harness pushes the flags there before it runs the code.
        machine.Write(DataMachine.DataAddress + 0xBFF8, 0x202);
        area.CopyTo(new Span<byte>(host.Memory, AreaLength));
        machine.Rsp = address + 0xC000;
        machine.Rbp = address + 0xC800;
        host.Registers->Gpr[4] = machine.Rsp;
        host.Registers->Gpr[5] = machine.Rbp;
        host.Registers->OwnStack = 1;
        host.Registers->Flags = 0x202;
        host.Registers->Mxcsr = 0x1F80;
        host.Load(code);

        host.Run();
        StepResult result = machine.Run(code);

        Assert.Equal(StepResult.Continue, result);
        Assert.Equal(host.Registers->Gpr[4], machine.Rsp);
        Assert.Equal(host.Registers->Gpr[5], machine.Rbp);
        AssertSameStack(host, area);
    }

    private static void AssertSameStack(HostProcessor host, Span<byte> area)
    {
        int difference = area.CommonPrefixLength(new ReadOnlySpan<byte>(host.Memory, area.Length));
        Assert.True(difference == area.Length, $"the stacks differ at {difference:X4}");
    }
}
