namespace Hearth.Cpu.Software.Tests;

public sealed unsafe class ModeStateTests
{
    private const ModeFlags Units = ModeFlags.X87Usable | ModeFlags.SseUsable | ModeFlags.AvxUsable;

    [Theory]
    [InlineData(0x21UL, 0x200UL, "X87Usable, SseUsable")]
    [InlineData(0x21UL, 0x4_0200UL, "X87Usable, SseUsable, AvxUsable")]
    [InlineData(0x01UL, 0x4_0200UL, "X87Usable, SseUsable, AvxUsable")] // NE clear
    [InlineData(0x25UL, 0x4_0200UL, "AvxUsable")] // EM
    [InlineData(0x29UL, 0x4_0200UL, "None")] // TS
    [InlineData(0x20UL, 0x4_0200UL, "X87Usable, SseUsable")] // real mode
    public void Units_follow_cr0_and_cr4(ulong cr0, ulong cr4, string expected)
    {
        using var machine = new SystemMachine();
        machine.State->Cr0 = cr0;
        machine.State->Cr4 = cr4;
        machine.State->Xcr0 = 7;

        ModeState.Update(machine.State);

        Assert.Equal(expected, (machine.Mode & Units).ToString());
    }

    [Fact]
    public void Reset_is_16_bit_real_mode_with_a_based_code_segment()
    {
        using var machine = new SystemMachine();

        Assert.Equal(0xFFFF_FFF0UL, machine.State->SegmentBase[(int)SegmentName.CS] + machine.State->Rip);
        Assert.Equal(ModeFlags.None, machine.Mode & (ModeFlags.Long | ModeFlags.Code32 | ModeFlags.Protected | ModeFlags.User));
        Assert.True(machine.Mode.HasFlag((ModeFlags)((uint)ModeFlags.EsBase << (int)SegmentName.CS)));
    }

    [Fact]
    public void Flat_protected_mode_checks_no_segment()
    {
        using SystemMachine machine = SystemMachine.Protected();

        Assert.Equal(0U, (uint)machine.Mode >> 16);
        Assert.True(machine.Mode.HasFlag(ModeFlags.Code32 | ModeFlags.Stack32 | ModeFlags.IoPrivileged));
    }

    [Fact]
    public void Long_mode_looks_at_no_segment_at_all()
    {
        using SystemMachine machine = SystemMachine.Long();
        machine.State->SegmentBase[(int)SegmentName.FS] = 0x1234;
        SegmentLoader.SetNull(machine.State, SegmentName.DS);

        ModeState.Update(machine.State);

        Assert.Equal(0U, (uint)machine.Mode >> 16);
        Assert.Equal(ModeFlags.None, machine.Mode & (ModeFlags.Stack32 | ModeFlags.Code32));
    }

    [Theory]
    [InlineData(0UL, true)]
    [InlineData(Rflags.AlignmentCheck, false)]
    public void Smap_guards_while_ac_is_clear(ulong flags, bool expected)
    {
        using SystemMachine machine = SystemMachine.Long();
        machine.State->Cr4 |= ControlRegister.Cr4Smap;
        Rflags.Set(machine.State, flags);

        ModeState.Update(machine.State);

        Assert.Equal(expected, machine.Mode.HasFlag(ModeFlags.Smap));
    }
}
