using Hearth.Machine;

namespace Hearth.Cpu.Software.Tests;

public sealed unsafe class GuestAccessTests
{
    [Fact]
    public void Write_over_a_page_boundary_reaches_both_pages()
    {
        using SystemMachine machine = SystemMachine.Long();

        bool written = machine.Access.TryWrite(SegmentName.DS, 0x6FFD, 8, 0x1122_3344_5566_7788);
        bool read = machine.Access.TryRead(SegmentName.DS, 0x6FFD, 8, out ulong value);

        Assert.True(written);
        Assert.True(read);
        Assert.Equal(0x1122_3344_5566_7788UL, value);
        Assert.Equal(0x55UL, machine.Read(0x6FFF, 1) - 0x11);
    }

    [Fact]
    public void Write_whose_second_page_is_absent_writes_nothing()
    {
        using SystemMachine machine = SystemMachine.Long();

        bool written = machine.Access.TryWrite(SegmentName.DS, 0x7F_FFFC, 8, ulong.MaxValue);

        Assert.False(written);
        Assert.Equal(0x80_0000UL, machine.State->FaultAddress);
        Assert.Equal(0UL, machine.Read(0x7F_FFFC, 4));
    }

    [Fact]
    public void Access_outside_ram_goes_to_the_bus_in_its_own_width()
    {
        using SystemMachine machine = SystemMachine.Protected();
        var bus = new OneRegisterBus();
        machine.Access.Bus = bus;

        machine.Access.TryWrite(SegmentName.DS, 0xFEC0_0010, 4, 0xFFFF_FFFF_1234_5678);
        machine.Access.TryRead(SegmentName.DS, 0xFEC0_0010, 2, out ulong value);

        Assert.Equal("write fec00010 Dword 12345678, read fec00010 Word", string.Join(", ", bus.Log));
        Assert.Equal(0x5678UL, value & 0xFFFF);
    }

    [Theory]
    [InlineData(0x0FFFUL, 1, true)]
    [InlineData(0x0FFEUL, 4, false)]
    [InlineData(0xFFFF_FFFEUL, 4, false)]
    public void Limit_of_an_expand_up_segment_is_the_last_byte(ulong offset, int size, bool expected)
    {
        using SystemMachine machine = WithSegment(0x0040_9300_0000_0FFF);

        bool read = machine.Access.TryRead(SegmentName.ES, offset, size, out _);

        Assert.Equal(expected, read);
    }

    [Theory]
    [InlineData(0x0FFFUL, 1, false)]
    [InlineData(0x1000UL, 4, true)]
    [InlineData(0xFFFEUL, 2, true)]
    [InlineData(0xFFFEUL, 4, false)]
    public void Limit_of_an_expand_down_segment_is_the_last_byte_outside(ulong offset, int size, bool expected)
    {
        using SystemMachine machine = WithSegment(0x0000_9700_0000_0FFF);

        bool read = machine.Access.TryRead(SegmentName.ES, offset, size, out _);

        Assert.Equal(expected, read);
    }

    [Fact]
    public void Read_only_segment_refuses_writes()
    {
        using SystemMachine machine = WithSegment(0x00CF_9100_0000_FFFF);

        bool read = machine.Access.TryRead(SegmentName.ES, 0x6000, 4, out _);
        bool written = machine.Access.TryWrite(SegmentName.ES, 0x6000, 4, 0);

        Assert.True(read);
        Assert.False(written);
    }

    [Fact]
    public void Code_segment_refuses_writes_in_protected_mode_and_takes_them_in_real_mode()
    {
        using SystemMachine machine = SystemMachine.Protected();
        using SystemMachine real = SystemMachine.Real();

        bool written = machine.Access.TryWrite(SegmentName.CS, 0x6000, 4, 0);
        bool writtenInReal = real.Access.TryWrite(SegmentName.CS, 0x6000, 4, 0);

        Assert.False(written);
        Assert.True(writtenInReal);
    }

    [Fact]
    public void Address_that_is_not_canonical_is_gp_or_ss()
    {
        using SystemMachine machine = SystemMachine.Long();

        machine.Access.TryRead(SegmentName.DS, 0x7FFF_FFFF_FFFC, 8, out _);
        byte data = machine.State->FaultVector;
        machine.Access.TryRead(SegmentName.SS, 0x8000_0000_0000, 8, out _);
        byte stack = machine.State->FaultVector;

        Assert.Equal(ExceptionVector.GeneralProtection, data);
        Assert.Equal(ExceptionVector.StackFault, stack);
    }

    [Fact]
    public void Misaligned_access_of_a_user_is_ac_when_asked_for()
    {
        using SystemMachine machine = SystemMachine.Long();
        machine.EnterUser();
        machine.State->Cr0 |= ControlRegister.Cr0AlignmentMask;
        Rflags.Change(machine.State, Rflags.AlignmentCheck, Rflags.AlignmentCheck);
        ModeState.Update(machine.State);

        bool aligned = machine.Access.TryRead(SegmentName.DS, 0x6004, 4, out _);
        bool misaligned = machine.Access.TryRead(SegmentName.DS, 0x6002, 4, out _);

        Assert.True(aligned);
        Assert.False(misaligned);
        Assert.Equal(ExceptionVector.AlignmentCheck, machine.State->FaultVector);
    }

    [Fact]
    public void Fetch_ends_quietly_at_an_absent_page_and_raises_it_when_asked()
    {
        using SystemMachine machine = SystemMachine.Long();
        machine.State->Rip = 0x7F_FFFD;
        Span<byte> bytes = stackalloc byte[15];

        bool fetched = machine.Access.TryFetch(bytes, out int length);
        byte pending = machine.State->FaultPending;
        machine.Access.RaiseFetchFault(length);

        Assert.True(fetched);
        Assert.Equal(3, length);
        Assert.Equal(0, pending);
        Assert.Equal(0x80_0000UL, machine.State->FaultAddress);
    }

    [Fact]
    public void Fetch_ends_at_the_limit_of_the_segment()
    {
        using SystemMachine machine = SystemMachine.Real();
        machine.State->Rip = 0xFFFE;
        Span<byte> bytes = stackalloc byte[15];

        machine.Access.TryFetch(bytes, out int length);
        machine.Access.RaiseFetchFault(length);

        Assert.Equal(2, length);
        Assert.Equal(ExceptionVector.GeneralProtection, machine.State->FaultVector);
    }

    private static SystemMachine WithSegment(ulong descriptor)
    {
        SystemMachine machine = SystemMachine.Protected();
        machine.WriteDescriptor(SystemMachine.Spare, descriptor);
        machine.State->Gpr[0] = SystemMachine.Spare;
        machine.Execute(0x8E, 0xC0); // mov es, eax
        return machine;
    }

    private sealed class OneRegisterBus : IVcpuBus
    {
        private ulong _value;

        public List<string> Log { get; } = [];

        public ulong ReadPort(ushort port, AccessWidth width) => 0;

        public void WritePort(ushort port, AccessWidth width, ulong value) => _value = value;

        public ulong ReadMemory(ulong address, AccessWidth width)
        {
            Log.Add($"read {address:x} {width}");
            return _value;
        }

        public void WriteMemory(ulong address, AccessWidth width, ulong value)
        {
            Log.Add($"write {address:x} {width} {value:x}");
            _value = value;
        }
    }
}
