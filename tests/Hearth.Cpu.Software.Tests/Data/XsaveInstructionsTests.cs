namespace Hearth.Cpu.Software.Tests.Data;

public sealed unsafe class XsaveInstructionsTests
{
    private const ulong Data = DataMachine.DataAddress;
    private const int OperandOffset = 0x1000;
    private const int ResultOffset = 0x2000;

    // xrstor64 [rbx]; mov eax, ecx; then the instruction with [rdi].
    private static readonly byte[] s_enter = [0x48, 0x0F, 0xAE, 0x2B, 0x89, 0xC8];

    // mov eax, 7; xsave64 [rsi]
    private static readonly byte[] s_leave = [0xB8, 7, 0, 0, 0, 0x48, 0x0F, 0xAE, 0x26];
    private static readonly byte[] s_restore = [0x48, 0x0F, 0xAE, 0x2F];

    public static TheoryData<string, byte[]> Stores => new()
    {
        { "xsave [rdi]", [0x0F, 0xAE, 0x27] },
        { "xsave64 [rdi]", [0x48, 0x0F, 0xAE, 0x27] },
        { "xsaveopt64 [rdi]", [0x48, 0x0F, 0xAE, 0x37] },
        { "xsavec64 [rdi]", [0x48, 0x0F, 0xC7, 0x27] },
        { "fxsave64 [rdi]", [0x48, 0x0F, 0xAE, 0x07] },
        { "fxsave [rdi]", [0x0F, 0xAE, 0x07] },
    };

    [Theory]
    [MemberData(nameof(Stores))]
    public void Store_of_random_state_equals_the_host(string name, byte[] code)
    {
        using var host = new HostProcessor();
        using DataMachine machine = DataMachine.Long();
        host.Load([.. s_enter, .. code]);
        var random = new Random(name.Length);
        for (int i = 0; i < 300; i++)
        {
            Prepare(host, machine, random);
            machine.Bytes(Data + OperandOffset, XsaveArea.Length).Fill(0xCC);
            new Span<byte>(host.Memory + OperandOffset, XsaveArea.Length).Fill(0xCC);
            host.Run();

            StepResult result = machine.Run(code);

            Assert.Equal(StepResult.Continue, result);
            NormalizeMask(host.Memory + OperandOffset);
            NormalizeInUse(host.Memory + OperandOffset, machine, isOptimized: name.StartsWith("xsaveopt", StringComparison.Ordinal));
            int same = machine.Bytes(Data + OperandOffset, XsaveArea.Length).CommonPrefixLength(
                new ReadOnlySpan<byte>(host.Memory + OperandOffset, XsaveArea.Length));
            Assert.Equal(XsaveArea.Length, same);
        }
    }

    [Theory]
    [InlineData(0UL)]
    [InlineData(XsaveArea.Compacted)]
    public void Xrstor_of_random_components_equals_the_host(ulong format)
    {
        using var host = new HostProcessor();
        using DataMachine machine = DataMachine.Long();
        host.Load([.. s_enter, .. s_restore, .. s_leave]);
        var random = new Random(17);
        for (int i = 0; i < 300; i++)
        {
            Prepare(host, machine, random);
            MakeArea(host.Memory + OperandOffset, random, format);
            new ReadOnlySpan<byte>(host.Memory + OperandOffset, XsaveArea.Length).CopyTo(
                machine.Bytes(Data + OperandOffset, XsaveArea.Length));
            host.Run();

            StepResult result = machine.Run(s_restore);

            Assert.Equal(StepResult.Continue, result);
            byte* saved = host.Memory + ResultOffset;
            Assert.Equal(*(uint*)(saved + XsaveArea.MxcsrOffset), machine.State->Mxcsr);
            Assert.True(new ReadOnlySpan<byte>(saved, 24).SequenceEqual(new ReadOnlySpan<byte>(machine.State->X87, 24)));
            Assert.True(new ReadOnlySpan<byte>(saved + 32, 128).SequenceEqual(new ReadOnlySpan<byte>(machine.State->X87 + 32, 128)));
            Assert.True(new ReadOnlySpan<byte>(machine.State->Ymm, 512).SequenceEqual(new ReadOnlySpan<byte>(host.Registers->Ymm, 512)));
        }
    }

    [Fact]
    public void Fxrstor_of_random_state_equals_the_host()
    {
        using var host = new HostProcessor();
        using DataMachine machine = DataMachine.Long();
        byte[] code = [0x48, 0x0F, 0xAE, 0x0F];
        host.Load([.. s_enter, .. code, .. s_leave]);
        var random = new Random(18);
        for (int i = 0; i < 300; i++)
        {
            Prepare(host, machine, random);
            byte* area = host.Memory + OperandOffset;
            random.NextBytes(new Span<byte>(area, 512));
            new Span<byte>(area + 5, 19).Clear();
            *(uint*)(area + XsaveArea.MxcsrOffset) &= Mxcsr.Mask;
            new ReadOnlySpan<byte>(area, 512).CopyTo(machine.Bytes(Data + OperandOffset, 512));
            host.Run();

            StepResult result = machine.Run(code);

            Assert.Equal(StepResult.Continue, result);
            byte* saved = host.Memory + ResultOffset;
            Assert.Equal(*(uint*)(saved + XsaveArea.MxcsrOffset), machine.State->Mxcsr);
            Assert.True(new ReadOnlySpan<byte>(saved, 24).SequenceEqual(new ReadOnlySpan<byte>(machine.State->X87, 24)));
            Assert.True(new ReadOnlySpan<byte>(saved + 32, 128).SequenceEqual(new ReadOnlySpan<byte>(machine.State->X87 + 32, 128)));
            Assert.True(new ReadOnlySpan<byte>(machine.State->Ymm, 512).SequenceEqual(new ReadOnlySpan<byte>(host.Registers->Ymm, 512)));
        }
    }

    public static TheoryData<string, int, ulong> BadHeaders => new()
    {
        { "a component that XCR0 has not", XsaveArea.HeaderOffset, 8 },
        { "XCOMP_BV without the compacted bit", XsaveArea.XcompOffset, 1 },
        { "a reserved bit of the standard header", XsaveArea.ReservedOffset, 1UL << 40 },
        { "a compacted area with a component that XCR0 has not", XsaveArea.XcompOffset, XsaveArea.Compacted | 8 },
        { "MXCSR bit 16", XsaveArea.MxcsrOffset, 0x1_1F80 },
    };

    [Theory]
    [MemberData(nameof(BadHeaders))]
    public void Xrstor_of_a_bad_area_is_refused(string reason, int offset, ulong value)
    {
        using DataMachine machine = DataMachine.Long();
        machine.Write(Data + (ulong)offset, value);
        (machine.Rdi, machine.Rax) = (Data, 7);
        machine.State->Ymm[0] = 0x55;

        StepResult result = machine.Run(s_restore);

        Assert.True(StepResult.Fault == result, reason);
        Assert.Equal(ExceptionVector.GeneralProtection, machine.State->FaultVector);
        Assert.Equal(0x55, machine.State->Ymm[0]);
    }

    [Fact]
    public void Compacted_xrstor_refuses_components_outside_its_own_bitmap()
    {
        using DataMachine machine = DataMachine.Long();
        machine.Write(Data + XsaveArea.HeaderOffset, 4);
        machine.Write(Data + XsaveArea.XcompOffset, XsaveArea.Compacted | 3);
        (machine.Rdi, machine.Rax) = (Data, 7);

        StepResult result = machine.Run(s_restore);

        Assert.Equal(StepResult.Fault, result);
    }

    [Theory]
    [InlineData(new byte[] { 0x48, 0x0F, 0xAE, 0x27 }, 32)]
    [InlineData(new byte[] { 0x48, 0x0F, 0xAE, 0x2F }, 32)]
    [InlineData(new byte[] { 0x48, 0x0F, 0xAE, 0x07 }, 8)]
    [InlineData(new byte[] { 0x48, 0x0F, 0xAE, 0x0F }, 8)]
    public void Misaligned_area_is_refused(byte[] code, ulong place)
    {
        using DataMachine machine = DataMachine.Long();
        machine.Rdi = Data + place;

        StepResult result = machine.Run(code);

        Assert.Equal(StepResult.Fault, result);
        Assert.Equal(ExceptionVector.GeneralProtection, machine.State->FaultVector);
    }

    [Theory]
    [InlineData(new byte[] { 0x48, 0x0F, 0xAE, 0x07 }, 2, ExceptionVector.AlignmentCheck)]
    [InlineData(new byte[] { 0x48, 0x0F, 0xAE, 0x07 }, 8, ExceptionVector.GeneralProtection)]
    [InlineData(new byte[] { 0xDD, 0x37 }, 2, ExceptionVector.AlignmentCheck)]
    public void Misaligned_area_under_alignment_check_is_refused(byte[] code, ulong place, byte vector)
    {
        using DataMachine machine = CheckingAlignment();
        machine.Rdi = Data + place;

        StepResult result = machine.Run(code);

        Assert.Equal(StepResult.Fault, result);
        Assert.Equal(vector, machine.State->FaultVector);
    }

    [Theory]
    [InlineData(new byte[] { 0x48, 0x0F, 0xAE, 0x07 })]
    [InlineData(new byte[] { 0x48, 0x0F, 0xAE, 0x27 })]
    public void Aligned_area_under_alignment_check_is_stored(byte[] code)
    {
        using DataMachine machine = CheckingAlignment();
        machine.Rdi = Data + 64;

        StepResult result = machine.Run(code);

        Assert.Equal(StepResult.Continue, result);
    }

    [Fact]
    public void Xsave_without_osxsave_is_undefined()
    {
        using DataMachine machine = DataMachine.Long();
        machine.State->Cr4 &= ~ControlRegister.Cr4OsXsave;

        StepResult result = machine.Run(0x48, 0x0F, 0xAE, 0x27);

        Assert.Equal(StepResult.Fault, result);
        Assert.Equal(ExceptionVector.InvalidOpcode, machine.State->FaultVector);
    }

    [Fact]
    public void Xsave_whose_end_faults_writes_nothing()
    {
        using DataMachine machine = DataMachine.Long();
        machine.Unmap(Data + 0x1000);
        (machine.Rdi, machine.Rax) = (Data + 0xD00, 7);

        StepResult result = machine.Run(0x48, 0x0F, 0xAE, 0x27);

        Assert.Equal(StepResult.Fault, result);
        Assert.Equal(ExceptionVector.PageFault, machine.State->FaultVector);
        Assert.False(machine.Bytes(Data + 0xD00, 0x300).ContainsAnyExcept((byte)0));
    }

    [Theory]
    [InlineData(new byte[] { 0x0F, 0xAE, 0x07 })]
    [InlineData(new byte[] { 0x0F, 0xAE, 0x27 })]
    public void Store_in_32_bit_code_leaves_the_upper_eight_registers_out(byte[] code)
    {
        using DataMachine machine = DataMachine.Protected32();
        new Span<byte>(machine.State->Ymm, 512).Fill(0xEE);
        machine.Bytes(Data, XsaveArea.Length).Fill(0xCC);
        (machine.Rdi, machine.Rax) = (Data, 7);

        machine.Run(code);

        Assert.False(machine.Bytes(Data + 160, 128).ContainsAnyExcept((byte)0xEE));
        Assert.False(machine.Bytes(Data + 288, 128).ContainsAnyExcept((byte)0xCC));
        Assert.False(machine.Bytes(Data + 704, 128).ContainsAnyExcept((byte)0xCC));
    }

    [Fact]
    public void Ldmxcsr_and_stmxcsr_carry_the_register()
    {
        using DataMachine machine = DataMachine.Long();
        machine.Rdi = Data;
        machine.Write(Data, 0x9FC0, 4);

        machine.Run(0x0F, 0xAE, 0x17);
        machine.Rdi = Data + 4;
        machine.Run(0xC5, 0xF8, 0xAE, 0x1F);

        Assert.Equal(0x9FC0U, machine.State->Mxcsr);
        Assert.Equal(0x9FC0UL, machine.Read(Data + 4, 4));
    }

    [Fact]
    public void Ldmxcsr_of_a_reserved_bit_is_refused()
    {
        using DataMachine machine = DataMachine.Long();
        machine.Rdi = Data;
        machine.Write(Data, 0x1_0000, 4);

        StepResult result = machine.Run(0x0F, 0xAE, 0x17);

        Assert.Equal(StepResult.Fault, result);
        Assert.Equal(ExceptionVector.GeneralProtection, machine.State->FaultVector);
        Assert.Equal(0x1F80U, machine.State->Mxcsr);
    }

    private static DataMachine CheckingAlignment()
    {
        DataMachine machine = DataMachine.Long();
        machine.State->Cr0 |= ControlRegister.Cr0AlignmentMask;
        machine.State->SystemFlags |= Rflags.AlignmentCheck;
        ModeState.Update(machine.State);
        return machine;
    }

    /// <summary>Puts the same random state into the area at RBX, which the host loads, and into the machine.</summary>
    private static void Prepare(HostProcessor host, DataMachine machine, Random random)
    {
        byte* area = host.Memory;
        MakeArea(area, random, format: 0);
        ulong present = *(ulong*)(area + XsaveArea.HeaderOffset);
        new Span<byte>(machine.State->X87, 512).Clear();
        *(ushort*)machine.State->X87 = 0x37F;
        new Span<byte>(machine.State->Ymm, 512).Clear();
        new ReadOnlySpan<byte>(area, (present & 1) != 0 ? 24 : 0).CopyTo(new Span<byte>(machine.State->X87, 24));
        new ReadOnlySpan<byte>(area + 32, (present & 1) != 0 ? 128 : 0).CopyTo(new Span<byte>(machine.State->X87 + 32, 128));
        for (int i = 0; i < 16; i++)
        {
            var register = new Span<byte>(machine.State->Ymm + (i * 32), 32);
            new ReadOnlySpan<byte>(area + 160 + (i * 16), (present & 2) != 0 ? 16 : 0).CopyTo(register);
            new ReadOnlySpan<byte>(area + 576 + (i * 16), (present & 4) != 0 ? 16 : 0).CopyTo(register[16..]);
        }

        machine.State->Mxcsr = *(uint*)(area + XsaveArea.MxcsrOffset);
        machine.State->Rip = DataMachine.CodeAddress;
        ulong requested = (ulong)random.Next(8);
        (machine.Rax, machine.Rdx, machine.Rdi) = (requested, 0, Data + OperandOffset);
        host.Registers->Gpr[0] = 7;
        host.Registers->Gpr[1] = requested;
        host.Registers->Gpr[2] = 0;
        host.Registers->Gpr[3] = (ulong)area;
        host.Registers->Gpr[6] = (ulong)(host.Memory + ResultOffset);
        host.Registers->Gpr[7] = (ulong)(host.Memory + OperandOffset);
        host.Registers->Flags = 0x202;
        host.Registers->Mxcsr = 0x1F80;
        new Span<byte>(host.Memory + ResultOffset, XsaveArea.Length).Clear();
    }

    private static void MakeArea(byte* area, Random random, ulong format)
    {
        random.NextBytes(new Span<byte>(area, XsaveArea.Length));
        FpuImages.Randomize(area, random, pending: false);
        *(uint*)(area + XsaveArea.MxcsrOffset) = random.Next(2) == 0 ? 0x1F80 : (uint)random.Next() & Mxcsr.Mask | 0x1F80;
        new Span<byte>(area + XsaveArea.HeaderOffset, 64).Clear();
        *(ulong*)(area + XsaveArea.HeaderOffset) = (ulong)random.Next(8);
        *(ulong*)(area + XsaveArea.XcompOffset) = format == 0 ? 0 : format | 7;
    }

    /// <summary>
    /// A component in its initial configuration may count as in use or not, and a switch of threads between may change that (Intel SDM Vol. 1,
    /// section 13.6): its bit is not compared, nor what XSAVEOPT writes of it.
    /// </summary>
    private static void NormalizeInUse(byte* area, DataMachine machine, bool isOptimized)
    {
        const int X87Length = 24;
        const int X87Registers = 32;
        const int XmmRegisters = 160;
        const int UpperHalves = 576;
        VcpuState* state = machine.State;
        Span<byte> own = machine.Bytes(Data + OperandOffset, XsaveArea.Length);
        bool isX87 = *(ushort*)state->X87 == 0x37F && IsZero(state->X87 + 2, X87Length - 2) && IsZero(state->X87 + X87Registers, 128);
        bool isSse = true;
        bool isAvx = true;
        for (int i = 0; i < 16; i++)
        {
            isSse &= IsZero(state->Ymm + (i * 32), 16);
            isAvx &= IsZero(state->Ymm + (i * 32) + 16, 16);
        }

        ulong initial = (isX87 ? ControlRegister.Xcr0X87 : 0) | (isSse ? ControlRegister.Xcr0Sse : 0) | (isAvx ? ControlRegister.Xcr0Avx : 0);
        ref ulong header = ref *(ulong*)(area + XsaveArea.HeaderOffset);
        header = (header & ~initial) | (BitConverter.ToUInt64(own[XsaveArea.HeaderOffset..]) & initial);
        if (!isOptimized)
            return;
        CopyWhen(isX87, 0, X87Length, own, area);
        CopyWhen(isX87, X87Registers, 128, own, area);
        CopyWhen(isSse, XmmRegisters, 256, own, area);
        CopyWhen(isAvx, UpperHalves, 256, own, area);
    }

    private static void CopyWhen(bool isInitial, int offset, int length, Span<byte> own, byte* area)
    {
        if (isInitial)
            own.Slice(offset, length).CopyTo(new Span<byte>(area + offset, length));
    }

    private static bool IsZero(byte* from, int length) => !new ReadOnlySpan<byte>(from, length).ContainsAnyExcept((byte)0);

    /// <summary>AMD processors have one more bit of MXCSR than the models promise.</summary>
    private static void NormalizeMask(byte* area)
    {
        uint* mask = (uint*)(area + XsaveArea.MxcsrOffset + 4);
        *mask = *mask == 0x2_FFFF ? Mxcsr.Mask : *mask;
    }
}
