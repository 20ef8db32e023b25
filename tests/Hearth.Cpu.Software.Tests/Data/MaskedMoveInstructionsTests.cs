namespace Hearth.Cpu.Software.Tests.Data;

public sealed unsafe class MaskedMoveInstructionsTests
{
    private const ulong Data = DataMachine.DataAddress;
    private const int AreaLength = 64;

    /// <summary>All with memory at RBX or RDI, data in register 1 and the mask in register 2.</summary>
    public static TheoryData<string, byte[]> Forms => new()
    {
        { "vmaskmovps xmm1, xmm2, [rbx]", [0xC4, 0xE2, 0x69, 0x2C, 0x0B] },
        { "vmaskmovps ymm1, ymm2, [rbx]", [0xC4, 0xE2, 0x6D, 0x2C, 0x0B] },
        { "vmaskmovpd ymm1, ymm2, [rbx]", [0xC4, 0xE2, 0x6D, 0x2D, 0x0B] },
        { "vmaskmovps [rbx], xmm2, xmm1", [0xC4, 0xE2, 0x69, 0x2E, 0x0B] },
        { "vmaskmovpd [rbx], ymm2, ymm1", [0xC4, 0xE2, 0x6D, 0x2F, 0x0B] },
        { "vpmaskmovd ymm1, ymm2, [rbx]", [0xC4, 0xE2, 0x6D, 0x8C, 0x0B] },
        { "vpmaskmovq xmm1, xmm2, [rbx]", [0xC4, 0xE2, 0xE9, 0x8C, 0x0B] },
        { "vpmaskmovd [rbx], ymm2, ymm1", [0xC4, 0xE2, 0x6D, 0x8E, 0x0B] },
        { "vpmaskmovq [rbx], ymm2, ymm1", [0xC4, 0xE2, 0xED, 0x8E, 0x0B] },
        { "maskmovdqu xmm1, xmm2", [0x66, 0x0F, 0xF7, 0xCA] },
        { "vmaskmovdqu xmm1, xmm2", [0xC5, 0xF9, 0xF7, 0xCA] },
    };

    [Theory]
    [MemberData(nameof(Forms))]
    public void Masked_move_with_random_masks_equals_the_host(string name, byte[] code)
    {
        using var host = new HostProcessor();
        using DataMachine machine = DataMachine.Long();
        host.Load(code);
        var random = new Random(name.Length);
        for (int i = 0; i < 100; i++)
        {
            Prepare(host, machine, random);
            host.Run();
            machine.State->Rip = DataMachine.CodeAddress;

            StepResult result = machine.Run(code);

            Assert.Equal(StepResult.Continue, result);
            Assert.True(new ReadOnlySpan<byte>(machine.State->Ymm, 512).SequenceEqual(new ReadOnlySpan<byte>(host.Registers->Ymm, 512)));
            Assert.True(machine.Bytes(Data, AreaLength).SequenceEqual(new ReadOnlySpan<byte>(host.Memory, AreaLength)));
        }
    }

    [Fact]
    public void Elements_that_are_masked_out_never_fault()
    {
        using DataMachine machine = DataMachine.Long();
        machine.Unmap(Data + 0x1000);
        ((uint*)machine.State->Ymm)[16] = 0x8000_0000;
        ((uint*)machine.State->Ymm)[8] = 0x1234_5678;
        machine.Rbx = Data + 0xFFC;

        StepResult result = machine.Run(0xC4, 0xE2, 0x6D, 0x8E, 0x0B);

        Assert.Equal(StepResult.Continue, result);
        Assert.Equal(0x1234_5678UL, machine.Read(Data + 0xFFC, 4));
    }

    [Fact]
    public void Masked_store_that_faults_writes_nothing()
    {
        using DataMachine machine = DataMachine.Long();
        machine.Unmap(Data + 0x1000);
        new Span<byte>(machine.State->Ymm + 32, 64).Fill(0xFF);
        machine.Rbx = Data + 0xFF8;

        StepResult result = machine.Run(0xC4, 0xE2, 0x6D, 0x8E, 0x0B);

        Assert.Equal(StepResult.Fault, result);
        Assert.Equal(Data + 0x1000, machine.State->FaultAddress);
        Assert.Equal(0UL, machine.Read(Data + 0xFF8));
    }

    [Fact]
    public void Masked_load_that_faults_in_its_second_page_names_the_page()
    {
        using DataMachine machine = DataMachine.Long();
        machine.Unmap(Data + 0x1000);
        ((uint*)machine.State->Ymm)[19] = 0x8000_0000;
        machine.Rbx = Data + 0xFF5;

        StepResult result = machine.Run(0xC4, 0xE2, 0x6D, 0x2C, 0x0B);

        Assert.Equal(StepResult.Fault, result);
        Assert.Equal(Data + 0x1000, machine.State->FaultAddress);
    }

    [Fact]
    public void Maskmovq_stores_the_marked_bytes_and_enters_mmx_state()
    {
        using DataMachine machine = DataMachine.Long();
        byte* image = machine.State->X87;
        *(ushort*)(image + 2) = 2 << 11;
        *(ulong*)(image + 32 + (((1 - 2) & 7) * 16)) = 0x8877_6655_4433_2211;
        *(ulong*)(image + 32) = 0x8000_0000_0000_FF80;
        machine.Rdi = Data;

        StepResult result = machine.Run(0x0F, 0xF7, 0xCA);

        Assert.Equal(StepResult.Continue, result);
        Assert.Equal(0x8800_0000_0000_2211UL, machine.Read(Data));
        Assert.Equal(0, *(ushort*)(image + 2));
        Assert.Equal(0xFF, image[4]);
        Assert.Equal(0x8877_6655_4433_2211UL, *(ulong*)(image + 32 + 16));
    }

    private static void Prepare(HostProcessor host, DataMachine machine, Random random)
    {
        Span<byte> area = machine.Bytes(Data, AreaLength);
        random.NextBytes(area);
        area.CopyTo(new Span<byte>(host.Memory, AreaLength));
        var vectors = new Span<byte>(machine.State->Ymm, 512);
        random.NextBytes(vectors);
        vectors.CopyTo(new Span<byte>(host.Registers->Ymm, 512));
        machine.Rbx = Data + 7;
        machine.Rdi = Data + 7;
        host.Registers->Gpr[3] = (ulong)host.Memory + 7;
        host.Registers->Gpr[7] = (ulong)host.Memory + 7;
        host.Registers->Flags = 0x202;
        host.Registers->Mxcsr = 0x1F80;
    }
}
