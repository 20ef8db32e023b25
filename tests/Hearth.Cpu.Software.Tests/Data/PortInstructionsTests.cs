namespace Hearth.Cpu.Software.Tests.Data;

public sealed unsafe class PortInstructionsTests
{
    private const ulong Tss = 0x2_0000;
    private const ushort BusyTss32 = 0x8B;
    private const ushort BusyTss16 = 0x83;

    [Theory]
    [InlineData(new byte[] { 0xE4, 0x60 }, 0x60, 1)]
    [InlineData(new byte[] { 0xE5, 0x60 }, 0x60, 4)]
    [InlineData(new byte[] { 0xEC }, 0x3F8, 1)]
    [InlineData(new byte[] { 0x66, 0xED }, 0x3F8, 2)]
    [InlineData(new byte[] { 0xED }, 0x3F8, 4)]
    public void In_reads_the_port_with_the_width_of_the_accumulator(byte[] code, ulong port, int size)
    {
        using DataMachine machine = DataMachine.Protected32();
        machine.Rax = 0xAABB_CCDD;
        machine.Rdx = 0x3F8;

        StepResult result = machine.Run(code);

        Assert.Equal(StepResult.Continue, result);
        Assert.Equal([(port, size, 1UL)], machine.Bus.Reads);
        Assert.Equal((0xAABB_CCDDUL & ~OperandAccess.Mask(size)) | 1, machine.Rax);
    }

    [Theory]
    [InlineData(new byte[] { 0xE6, 0x80 }, 0x80, 1, 0xDD)]
    [InlineData(new byte[] { 0x66, 0xE7, 0x80 }, 0x80, 2, 0xCCDD)]
    [InlineData(new byte[] { 0xEF }, 0xCF8, 4, 0xAABB_CCDD)]
    public void Out_writes_the_accumulator(byte[] code, ulong port, int size, ulong value)
    {
        using DataMachine machine = DataMachine.Protected32();
        machine.Rax = 0xAABB_CCDD;
        machine.Rdx = 0xCF8;

        machine.Run(code);

        Assert.Equal([(port, size, value)], machine.Bus.Writes);
    }

    [Theory]
    [InlineData(0x3F8, 1, true)]
    [InlineData(0x3F8, 2, false)]
    [InlineData(0x3F9, 1, false)]
    [InlineData(0x400, 4, true)]
    [InlineData(0x40E, 1, true)]
    [InlineData(0x410, 1, false)]
    public void Port_access_at_cpl_3_follows_the_permission_map(int port, int size, bool allowed)
    {
        using DataMachine machine = UserMachine(BusyTss32, limit: 104 + (0x410 / 8));
        machine.Write(Tss + 102, 104, 2);
        machine.Write(Tss + 104 + (0x3F8 / 8), 0b10, 1);

        bool result = new PortPermission(machine.State, machine.Access).TryAllow((ushort)port, size);

        Assert.Equal(allowed, result);
        Assert.Equal(allowed ? 0 : ExceptionVector.GeneralProtection, machine.State->FaultPending * machine.State->FaultVector);
    }

    [Theory]
    [InlineData(BusyTss16, 0xFFFF)]
    [InlineData(BusyTss32, 102)]
    [InlineData(BusyTss32, 103)]
    public void Port_access_without_a_permission_map_is_refused(int tss, int limit)
    {
        using DataMachine machine = UserMachine((ushort)tss, (uint)limit);
        machine.Write(Tss + 102, 104, 2);
        machine.Rdx = 0x10;

        StepResult result = machine.Run(0xEC);

        Assert.Equal(StepResult.Fault, result);
        Assert.Equal(ExceptionVector.GeneralProtection, machine.State->FaultVector);
        Assert.Equal(0U, machine.State->FaultErrorCode);
        Assert.Empty(machine.Bus.Reads);
    }

    [Fact]
    public void Port_access_in_virtual_8086_mode_needs_the_map_whatever_iopl()
    {
        using DataMachine machine = UserMachine(BusyTss32, limit: 103);
        machine.Write(Tss + 102, 104, 2);
        machine.State->SystemFlags |= Rflags.Virtual8086 | Rflags.IoPrivilege;
        ModeState.Update(machine.State);

        bool allowed = new PortPermission(machine.State, machine.Access).TryAllow(0x60, 1);

        Assert.False(allowed);
    }

    [Fact]
    public void Port_access_at_cpl_3_with_iopl_3_needs_no_map()
    {
        using DataMachine machine = UserMachine(BusyTss16, limit: 0);
        machine.State->SystemFlags |= Rflags.IoPrivilege;
        ModeState.Update(machine.State);

        StepResult result = machine.Run(0xE4, 0x60);

        Assert.Equal(StepResult.Continue, result);
    }

    [Fact]
    public void Rep_insw_fills_memory_across_a_page_in_order()
    {
        using DataMachine machine = DataMachine.Protected32();
        (machine.Rdx, machine.Rdi, machine.Rcx) = (0x1F0, DataMachine.DataAddress + 0xFFD, 256);

        machine.Run(0xF3, 0x66, 0x6D);

        Assert.Equal(256, machine.Bus.Reads.Count);
        Assert.All(machine.Bus.Reads, read => Assert.Equal((0x1F0UL, 2), (read.Address, read.Size)));
        for (ulong i = 0; i < 256; i++)
            Assert.Equal(i + 1, machine.Read(DataMachine.DataAddress + 0xFFD + (2 * i), 2));
        Assert.Equal((DataMachine.DataAddress + 0x11FD, 0UL), (machine.Rdi, machine.Rcx));
    }

    [Fact]
    public void Rep_insb_downwards_puts_the_first_byte_highest()
    {
        using DataMachine machine = DataMachine.Protected32();
        machine.State->Direction = 1;
        (machine.Rdx, machine.Rdi, machine.Rcx) = (0x1F0, DataMachine.DataAddress + 3, 4);

        machine.Run(0xF3, 0x6C);

        Assert.Equal(0x0102_0304UL, machine.Read(DataMachine.DataAddress, 4));
        Assert.Equal(DataMachine.DataAddress - 1, machine.Rdi);
    }

    [Fact]
    public void Rep_outsb_writes_each_byte()
    {
        using DataMachine machine = DataMachine.Protected32();
        machine.Write(DataMachine.DataAddress, 0x6F6C_6C48, 4);
        (machine.Rdx, machine.Rsi, machine.Rcx) = (0xE9, DataMachine.DataAddress, 4);

        machine.Run(0xF3, 0x6E);

        Assert.Equal([0x48UL, 0x6CUL, 0x6CUL, 0x6FUL], machine.Bus.Writes.Select(write => write.Value));
    }

    [Fact]
    public void Insb_to_a_page_that_faults_does_not_read_the_port()
    {
        using DataMachine machine = DataMachine.Long();
        machine.State->SystemFlags |= Rflags.IoPrivilege;
        ModeState.Update(machine.State);
        machine.Unmap(DataMachine.DataAddress);
        (machine.Rdx, machine.Rdi, machine.Rcx) = (0x1F0, DataMachine.DataAddress, 1);

        StepResult result = machine.Run(0xF3, 0x6C);

        Assert.Equal(StepResult.Fault, result);
        Assert.Equal(ExceptionVector.PageFault, machine.State->FaultVector);
        Assert.Empty(machine.Bus.Reads);
        Assert.Equal(1UL, machine.Rcx);
    }

    private static DataMachine UserMachine(ushort tss, uint limit)
    {
        DataMachine machine = DataMachine.Protected32();
        machine.State->Cpl = 3;
        machine.State->TrBase = Tss;
        machine.State->SegmentLimit[(int)SegmentName.Tr] = limit;
        machine.State->SegmentAttributes[(int)SegmentName.Tr] = tss;
        machine.Bytes(Tss + 104 + 0x80 + 2, 16).Fill(0xFF);
        ModeState.Update(machine.State);
        return machine;
    }
}
