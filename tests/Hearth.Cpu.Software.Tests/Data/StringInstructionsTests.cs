using Hearth.Memory;

namespace Hearth.Cpu.Software.Tests.Data;

public sealed unsafe class StringInstructionsTests
{
    private const byte Rep = 0xF3;
    private const byte Repne = 0xF2;
    private const ulong Data = DataMachine.DataAddress;
    private const int AreaLength = 0x4000;

    public static TheoryData<string, byte[]> Operations => new()
    {
        { "movsb", [0xA4] },
        { "movsw", [0x66, 0xA5] },
        { "movsd", [0xA5] },
        { "movsq", [0x48, 0xA5] },
        { "stosb", [0xAA] },
        { "stosw", [0x66, 0xAB] },
        { "stosd", [0xAB] },
        { "stosq", [0x48, 0xAB] },
        { "lodsb", [0xAC] },
        { "lodsw", [0x66, 0xAD] },
        { "lodsd", [0xAD] },
        { "lodsq", [0x48, 0xAD] },
        { "scasb", [0xAE] },
        { "scasw", [0x66, 0xAF] },
        { "scasd", [0xAF] },
        { "scasq", [0x48, 0xAF] },
        { "cmpsb", [0xA6] },
        { "cmpsw", [0x66, 0xA7] },
        { "cmpsd", [0xA7] },
        { "cmpsq", [0x48, 0xA7] },
    };

    /// <summary>Random addresses (overlapping ones often), counts, directions and prefixes, over several pages.</summary>
    [Theory]
    [MemberData(nameof(Operations))]
    public void String_instruction_with_random_operands_equals_the_host(string name, byte[] code)
    {
        using var host = new HostProcessor();
        using DataMachine machine = DataMachine.Long();
        var random = new Random((code[^1] * 8) + code.Length + name.Length);
        byte[][] forms = [code, [Rep, .. code], [Repne, .. code]];
        foreach (byte[] form in forms)
        {
            host.Load(form);
            for (int i = 0; i < 300; i++)
            {
                Prepare(host, machine, random);
                host.Run();
                machine.State->Rip = DataMachine.CodeAddress;
                StepResult result = machine.Run(form);

                Assert.Equal(StepResult.Continue, result);
                Assert.Equal(DataMachine.CodeAddress + (ulong)form.Length, machine.State->Rip);
                Assert.Equal(host.Registers->Gpr[0], machine.Rax);
                Assert.Equal(host.Registers->Gpr[1], machine.Rcx);
                Assert.Equal(host.Registers->Gpr[6] - (ulong)host.Memory, machine.Rsi - Data);
                Assert.Equal(host.Registers->Gpr[7] - (ulong)host.Memory, machine.Rdi - Data);
                Assert.Equal(host.Registers->Flags & ArithmeticFlag.All, machine.State->ArithmeticFlags);
                Assert.True(machine.Bytes(Data, AreaLength).SequenceEqual(new ReadOnlySpan<byte>(host.Memory, AreaLength)));
            }
        }
    }

    [Fact]
    public void Rep_movsb_into_an_unmapped_page_faults_at_the_first_byte_of_it()
    {
        using DataMachine machine = DataMachine.Long();
        machine.Unmap(Data + 0x2000);
        machine.Bytes(Data, 0x1000).Fill(0x5A);
        (machine.Rsi, machine.Rdi, machine.Rcx) = (Data, Data + 0x1F00, 0x400);

        StepResult result = machine.Run(Rep, 0xA4);

        Assert.Equal(StepResult.Fault, result);
        Assert.Equal(ExceptionVector.PageFault, machine.State->FaultVector);
        Assert.Equal(PageFaultCode.Write | PageFaultCode.User, machine.State->FaultErrorCode);
        Assert.Equal(Data + 0x2000, machine.State->FaultAddress);
        Assert.Equal((Data + 0x100, Data + 0x2000, 0x300UL), (machine.Rsi, machine.Rdi, machine.Rcx));
        Assert.Equal(DataMachine.CodeAddress, machine.State->Rip);
        Assert.Equal(0x5AUL, machine.Read(Data + 0x1FFF, 1));
    }

    [Fact]
    public void Rep_movsq_that_straddles_into_an_unmapped_page_leaves_the_last_element_undone()
    {
        using DataMachine machine = DataMachine.Long();
        machine.Unmap(Data + 0x2000);
        (machine.Rsi, machine.Rdi, machine.Rcx) = (Data, Data + 0x1FEC, 4);
        machine.Bytes(Data, 32).Fill(0xFF);

        StepResult result = machine.Run(Rep, 0x48, 0xA5);

        Assert.Equal(StepResult.Fault, result);
        Assert.Equal((Data + 0x1FFC, 2UL), (machine.Rdi, machine.Rcx));
        Assert.Equal(0UL, machine.Read(Data + 0x1FFC, 4));
    }

    [Fact]
    public void Repe_cmpsb_that_faults_keeps_the_iterations_done_and_the_flags_from_before()
    {
        using DataMachine machine = DataMachine.Long();
        machine.Unmap(Data + 0x1000);
        (machine.Rsi, machine.Rdi, machine.Rcx) = (Data, Data + 0xFF0, 100);
        machine.State->ArithmeticFlags = ArithmeticFlag.Parity;

        StepResult result = machine.Run(Rep, 0xA6);

        Assert.Equal(StepResult.Fault, result);
        Assert.Equal(PageFaultCode.User, machine.State->FaultErrorCode);
        Assert.Equal((Data + 0x10, Data + 0x1000, 84UL), (machine.Rsi, machine.Rdi, machine.Rcx));
        Assert.Equal(ArithmeticFlag.Parity, machine.State->ArithmeticFlags);
    }

    [Fact]
    public void Rep_stosb_to_a_read_only_page_faults_and_writes_nothing()
    {
        using DataMachine machine = DataMachine.Long();
        machine.Protect(Data);
        (machine.Rdi, machine.Rcx, machine.Rax) = (Data, 16, 0xFF);

        StepResult result = machine.Run(Rep, 0xAA);

        Assert.Equal(StepResult.Fault, result);
        Assert.Equal(PageFaultCode.Write | PageFaultCode.User | PageFaultCode.Protection, machine.State->FaultErrorCode);
        Assert.Equal(16UL, machine.Rcx);
        Assert.Equal(0UL, machine.Read(Data));
    }

    [Fact]
    public void Rep_with_32_bit_addresses_and_a_zero_count_leaves_the_upper_halves()
    {
        using DataMachine machine = DataMachine.Long();
        (machine.Rsi, machine.Rdi, machine.Rcx) = (0xAAAA_0000_0000, 0xBBBB_0000_0000, 0xCCCC_0000_0000);

        machine.Run(0x67, Rep, 0xA4);

        Assert.Equal((0xAAAA_0000_0000UL, 0xBBBB_0000_0000UL, 0xCCCC_0000_0000UL), (machine.Rsi, machine.Rdi, machine.Rcx));
    }

    [Fact]
    public void Rep_with_32_bit_addresses_clears_the_upper_halves_that_it_uses()
    {
        using DataMachine machine = DataMachine.Long();
        (machine.Rsi, machine.Rdi, machine.Rcx) = (0xAAAA_0000_0000 | Data, 0xBBBB_0000_0000, 0xCCCC_0000_0002);

        machine.Run(0x67, Rep, 0xAC);

        Assert.Equal((Data + 2, 0xBBBB_0000_0000UL, 0UL), (machine.Rsi, machine.Rdi, machine.Rcx));
    }

    [Fact]
    public void Rep_movsb_with_16_bit_addresses_wraps_at_the_end_of_the_segment()
    {
        using DataMachine machine = DataMachine.Real();
        machine.Write(Data + 0xFFFE, 0x2211, 2);
        machine.Write(Data, 0x4433, 2);
        (machine.Rsi, machine.Rdi, machine.Rcx) = (0xAAAA_FFFE, 0x100, 4);

        machine.Run(Rep, 0xA4);

        Assert.Equal(0x4433_2211UL, machine.Read(Data + 0x100, 4));
        Assert.Equal((0xAAAA_0002UL, 0x104UL, 0UL), (machine.Rsi, machine.Rdi, machine.Rcx));
    }

    [Fact]
    public void Movs_with_a_segment_prefix_reads_from_that_segment()
    {
        using DataMachine machine = DataMachine.Real();
        machine.State->SegmentBase[(int)SegmentName.FS] = 0x3_0000;
        machine.Write(0x3_0010, 0x99, 1);
        (machine.Rsi, machine.Rdi) = (0x10, 0x20);

        machine.Run(0x64, 0xA4);

        Assert.Equal(0x99UL, machine.Read(Data + 0x20, 1));
    }

    [Fact]
    public void Rep_stos_beyond_the_segment_limit_fills_up_to_it_and_faults()
    {
        using DataMachine machine = DataMachine.Protected32();
        machine.State->SegmentLimit[(int)SegmentName.ES] = (uint)Data + 9;
        ModeState.Update(machine.State);
        (machine.Rdi, machine.Rcx, machine.Rax) = (Data, 4, uint.MaxValue);

        StepResult result = machine.Run(Rep, 0xAB);

        Assert.Equal(StepResult.Fault, result);
        Assert.Equal(ExceptionVector.GeneralProtection, machine.State->FaultVector);
        Assert.Equal((Data + 8, 2UL), (machine.Rdi, machine.Rcx));
        Assert.Equal(ulong.MaxValue, machine.Read(Data));
        Assert.Equal(0UL, machine.Read(Data + 8));
    }

    [Fact]
    public void Rep_movsb_under_a_kick_stops_after_a_page_and_goes_on_later()
    {
        using DataMachine machine = DataMachine.Long();
        machine.Bytes(Data, 0x3000).Fill(7);
        (machine.Rsi, machine.Rdi, machine.Rcx) = (Data, Data + 0x4000, 0x2800);
        machine.State->Kick = 1;

        StepResult first = machine.Run(Rep, 0xA4);
        (ulong Rip, ulong Left) stopped = (machine.State->Rip, machine.Rcx);
        machine.State->Kick = 0;
        machine.Run(Rep, 0xA4);

        Assert.Equal(StepResult.Continue, first);
        Assert.Equal((DataMachine.CodeAddress, 0x1800UL), stopped);
        Assert.Equal(0UL, machine.Rcx);
        Assert.False(machine.Bytes(Data + 0x4000, 0x2800).ContainsAnyExcept((byte)7));
    }

    [Fact]
    public void Rep_lodsb_under_single_step_does_one_iteration()
    {
        using DataMachine machine = DataMachine.Long();
        machine.State->SystemFlags |= Rflags.Trap;
        (machine.Rsi, machine.Rcx) = (Data, 3);

        machine.Run(Rep, 0xAC);

        Assert.Equal((Data + 1, 2UL, DataMachine.CodeAddress), (machine.Rsi, machine.Rcx, machine.State->Rip));
    }

    [Fact]
    public void Rep_stosb_stops_after_the_iteration_that_hits_a_data_breakpoint()
    {
        using DataMachine machine = DataMachine.Long();
        machine.State->DebugRegister[0] = Data + 3;
        machine.State->DebugRegister[5] = 0x0001_0001;
        (machine.Rdi, machine.Rcx) = (Data, 16);

        machine.Run(Rep, 0xAA);

        Assert.True(machine.Debug.HasHits);
        Assert.Equal((Data + 4, 12UL, DataMachine.CodeAddress), (machine.Rdi, machine.Rcx, machine.State->Rip));
    }

    [Fact]
    public void Rep_movsw_to_a_device_writes_each_element_with_its_width()
    {
        using DataMachine machine = DataMachine.Long();
        machine.Write(Data, 0x3333_2222_1111);
        (machine.Rsi, machine.Rdi, machine.Rcx) = (Data, 0xB_8000, 3);

        machine.Run(Rep, 0x66, 0xA5);

        Assert.Equal([(0xB_8000UL, 2, 0x1111UL), (0xB_8002UL, 2, 0x2222UL), (0xB_8004UL, 2, 0x3333UL)], machine.Bus.Writes);
    }

    [Fact]
    public void Rep_stosd_to_a_page_with_code_tells_the_observer_of_the_range()
    {
        using DataMachine machine = DataMachine.Long();
        var observer = new RecordingCodeObserver();
        machine.Ram.CodeObserver = observer;
        machine.Ram.SetFlags(Data + 0x1000, PageFlags.Code);
        (machine.Rdi, machine.Rcx) = (Data + 0xFF8, 6);

        machine.Run(Rep, 0xAB);

        Assert.Equal([(Data + 0x1000, 16)], observer.Writes);
    }

    [Fact]
    public void Misaligned_stosd_under_alignment_check_is_refused()
    {
        using DataMachine machine = DataMachine.Long();
        machine.State->Cr0 |= ControlRegister.Cr0AlignmentMask;
        machine.State->SystemFlags |= Rflags.AlignmentCheck;
        ModeState.Update(machine.State);
        (machine.Rdi, machine.Rcx) = (Data + 2, 8);

        StepResult result = machine.Run(Rep, 0xAB);

        Assert.Equal(StepResult.Fault, result);
        Assert.Equal(ExceptionVector.AlignmentCheck, machine.State->FaultVector);
    }

    private static void Prepare(HostProcessor host, DataMachine machine, Random random)
    {
        // Few different bytes, so that comparisons run on for a while.
        Span<byte> area = machine.Bytes(Data, AreaLength);
        random.NextBytes(area);
        byte mask = (byte)(random.Next(4) == 0 ? 0xFF : 0);
        byte fill = (byte)random.Next(256);
        for (int i = 0; i < AreaLength; i++)
            area[i] = (byte)((area[i] & mask) | (fill & ~mask));
        for (int i = 0; i < 4; i++)
            area[random.Next(AreaLength)] ^= 0x81;
        area.CopyTo(new Span<byte>(host.Memory, AreaLength));

        ulong flags = (ulong)random.Next() & ArithmeticFlag.All;
        bool down = random.Next(2) == 0;
        ulong source = (ulong)random.Next(0x1800, 0x2800);
        ulong destination = random.Next(2) == 0 ? (ulong)random.Next(0x1800, 0x2800) : source + (ulong)random.Next(-20, 20);
        ulong count = (ulong)(random.Next(3) == 0 ? random.Next(4) : random.Next(0x180));
        ulong accumulator = (ulong)(fill * 0x0101_0101_0101_0101L);
        for (int i = 0; i < 16; i++)
            machine.State->Gpr[i] = 0;
        (machine.Rax, machine.Rcx, machine.Rsi, machine.Rdi) = (accumulator, count, Data + source, Data + destination);
        machine.State->ArithmeticFlags = flags;
        machine.State->Direction = (byte)(down ? 1 : 0);
        host.Registers->Gpr[0] = accumulator;
        host.Registers->Gpr[1] = count;
        host.Registers->Gpr[6] = (ulong)host.Memory + source;
        host.Registers->Gpr[7] = (ulong)host.Memory + destination;
        host.Registers->Flags = flags | 0x202 | (down ? Rflags.Direction : 0);
        host.Registers->Mxcsr = 0x1F80;
    }
}
