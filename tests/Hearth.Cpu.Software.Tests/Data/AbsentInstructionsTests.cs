using System.Security.Cryptography;
using Iced.Intel;

namespace Hearth.Cpu.Software.Tests.Data;

/// <summary>ADX and SHA as the interpreter has them for hosts without: against a host with them, and against FIPS 180-4.</summary>
public sealed unsafe class AbsentInstructionsTests
{
    private const ulong Data = DataMachine.DataAddress;
    private const int Vectors = 16 * 32;

    public static TheoryData<string, byte[]> AddCarryForms => new()
    {
        { "adcx eax, ebx", [0x66, 0x0F, 0x38, 0xF6, 0xC3] },
        { "adcx rax, rbx", [0x66, 0x48, 0x0F, 0x38, 0xF6, 0xC3] },
        { "adox eax, ebx", [0xF3, 0x0F, 0x38, 0xF6, 0xC3] },
        { "adox rax, rbx", [0xF3, 0x48, 0x0F, 0x38, 0xF6, 0xC3] },
        { "adcx eax, [rdi]", [0x66, 0x0F, 0x38, 0xF6, 0x07] },
        { "adox rax, [rdi]", [0xF3, 0x48, 0x0F, 0x38, 0xF6, 0x07] },
    };

    public static TheoryData<string, byte[]> ShaForms => new()
    {
        { "sha1rnds4 xmm1, xmm2, 0", [0x0F, 0x3A, 0xCC, 0xCA, 0] },
        { "sha1rnds4 xmm1, xmm2, 1", [0x0F, 0x3A, 0xCC, 0xCA, 1] },
        { "sha1rnds4 xmm1, xmm2, 2", [0x0F, 0x3A, 0xCC, 0xCA, 2] },
        { "sha1rnds4 xmm1, [rdi], 255", [0x0F, 0x3A, 0xCC, 0x0F, 255] },
        { "sha1nexte xmm1, xmm2", [0x0F, 0x38, 0xC8, 0xCA] },
        { "sha1msg1 xmm1, xmm2", [0x0F, 0x38, 0xC9, 0xCA] },
        { "sha1msg1 xmm1, xmm1", [0x0F, 0x38, 0xC9, 0xC9] },
        { "sha1msg2 xmm1, xmm2", [0x0F, 0x38, 0xCA, 0xCA] },
        { "sha256rnds2 xmm1, xmm2", [0x0F, 0x38, 0xCB, 0xCA] },
        { "sha256rnds2 xmm0, xmm0", [0x0F, 0x38, 0xCB, 0xC0] },
        { "sha256msg1 xmm1, xmm2", [0x0F, 0x38, 0xCC, 0xCA] },
        { "sha256msg2 xmm1, xmm2", [0x0F, 0x38, 0xCD, 0xCA] },
        { "sha256msg2 xmm1, [rdi]", [0x0F, 0x38, 0xCD, 0x0F] },
    };

    [Theory]
    [MemberData(nameof(AddCarryForms))]
    public void Addition_equals_the_host(string name, byte[] code)
    {
        Assert.SkipUnless(CpuFeatures.Adx.IsOn(Cpu.HostProcessor.Cpuid), "the host's processor, which is the reference here, has no ADX");
        AssertSameForAnyValue(name, code);
    }

    [Theory]
    [MemberData(nameof(ShaForms))]
    public void Hash_step_equals_the_host(string name, byte[] code)
    {
        Assert.SkipUnless(CpuFeatures.Sha.IsOn(Cpu.HostProcessor.Cpuid), "the host's processor, which is the reference here, has no SHA");
        AssertSameForAnyValue(name, code);
    }

    [Theory]
    [InlineData(ArithmeticFlag.All, ulong.MaxValue, 0UL, 0UL, ArithmeticFlag.All)]
    [InlineData(0UL, ulong.MaxValue, 1UL, 0UL, ArithmeticFlag.Carry)]
    [InlineData(ArithmeticFlag.Overflow, 5UL, 6UL, 11UL, ArithmeticFlag.Overflow)]
    public void Adcx_uses_carry_alone(ulong flags, ulong left, ulong right, ulong sum, ulong flagsAfter)
    {
        using DataMachine machine = DataMachine.Long();
        (machine.Rax, machine.Rbx, machine.State->ArithmeticFlags) = (left, right, flags);

        machine.Run(0x66, 0x48, 0x0F, 0x38, 0xF6, 0xC3);

        Assert.Equal(sum, machine.Rax);
        Assert.Equal(flagsAfter, machine.State->ArithmeticFlags);
    }

    /// <summary>The 64 rounds of one block of SHA-256, by the instructions that make them, against .NET's.</summary>
    [Fact]
    public void Sha256_rounds_over_a_block_give_the_digest()
    {
        using DataMachine machine = DataMachine.Long();
        byte[] block = new byte[64];
        "abc"u8.CopyTo(block);
        (block[3], block[63]) = (0x80, 24);
        uint[] w = [.. Enumerable.Range(0, 16).Select(i => BitConverter.ToUInt32([block[(4 * i) + 3], block[(4 * i) + 2], block[(4 * i) + 1], block[4 * i]]))];
        uint[] start = [.. FirstPrimes(8).Select(prime => Fraction(Math.Sqrt(prime)))];
        uint[] constants = [.. FirstPrimes(64).Select(prime => Fraction(Math.Cbrt(prime)))];
        Set(machine, 1, [start[5], start[4], start[1], start[0]]);
        Set(machine, 2, [start[7], start[6], start[3], start[2]]);

        for (int round = 0; round < 64; round += 2)
        {
            if (round >= 16 && round % 4 == 0)
                w = [.. w[4..], .. NextWords(machine, w)];
            int at = round < 16 ? round : 12 + (round % 4);
            Set(machine, 0, [w[at] + constants[round], w[at + 1] + constants[round + 1], 0, 0]);
            machine.State->Rip = DataMachine.CodeAddress;
            machine.Run(0x0F, 0x38, 0xCB, (byte)(round % 4 == 0 ? 0xD1 : 0xCA));
        }

        uint[] abef = Get(machine, 1);
        uint[] cdgh = Get(machine, 2);
        uint[] sums = [.. start.Zip([abef[3], abef[2], cdgh[3], cdgh[2], abef[1], abef[0], cdgh[1], cdgh[0]], (left, right) => left + right)];
        string digest = string.Concat(sums.Select(sum => sum.ToString("X8", null)));
        Assert.Equal(Convert.ToHexString(SHA256.HashData("abc"u8)), digest);
    }

    [Fact]
    public void Hash_step_of_memory_that_is_not_aligned_is_a_general_protection_fault()
    {
        using DataMachine machine = DataMachine.Long();
        machine.Rdi = Data + 8;

        StepResult result = machine.Run(0x0F, 0x38, 0xCD, 0x0F);

        Assert.Equal(StepResult.Fault, result);
        Assert.Equal(ExceptionVector.GeneralProtection, machine.State->FaultVector);
    }

    [Fact]
    public void Hash_step_after_a_task_switch_has_no_device()
    {
        using DataMachine machine = DataMachine.Long();
        machine.State->Cr0 |= ControlRegister.Cr0TaskSwitched;
        ModeState.Update(machine.State);

        StepResult result = machine.Run(0x0F, 0x38, 0xCD, 0xCA);

        Assert.Equal(StepResult.Fault, result);
        Assert.Equal(ExceptionVector.DeviceNotAvailable, machine.State->FaultVector);
    }

    [Theory]
    [InlineData(Code.Sha256rnds2_xmm_xmmm128, true)]
    [InlineData(Code.Adcx_r32_rm32, true)]
    [InlineData(Code.Pmulld_xmm_xmmm128, false)]
    public void Instruction_that_the_host_lacks_is_interpreted(Code code, bool absent)
    {
        bool[] features = ModelInstructions.Of(CpuModel.X64Version3Of2021);
        var with = new InstructionClassifier(features, ModelInstructions.AbsentOn((_, _) => new CpuidResult(~0U, ~0U, ~0U, ~0U)));
        var without = new InstructionClassifier(features, ModelInstructions.AbsentOn((_, _) => default));
        var instruction = new Instruction { Code = code };

        Assert.Equal(InstructionKind.Native, with.KindOf(instruction));
        Assert.Equal(absent ? InstructionKind.Interpret : InstructionKind.Native, without.KindOf(instruction));
    }

    private static void AssertSameForAnyValue(string name, byte[] code)
    {
        using var host = new HostProcessor();
        using DataMachine machine = DataMachine.Long();
        host.Load(code);
        var random = new Random(code[^1]);
        for (int i = 0; i < 200; i++)
        {
            Prepare(host, machine, random);
            host.Run();
            machine.State->Rip = DataMachine.CodeAddress;

            StepResult result = machine.Run(code);

            Assert.Equal(StepResult.Continue, result);
            Assert.Equal(host.Registers->Gpr[0], machine.Rax);
            Assert.Equal(host.Registers->Flags & ArithmeticFlag.All, machine.State->ArithmeticFlags);
            Assert.True(new ReadOnlySpan<byte>(machine.State->Ymm, Vectors).SequenceEqual(new ReadOnlySpan<byte>(host.Registers->Ymm, Vectors)), name);
        }
    }

    private static void Prepare(HostProcessor host, DataMachine machine, Random random)
    {
        Span<byte> area = machine.Bytes(Data, 64);
        random.NextBytes(area);
        area.CopyTo(new Span<byte>(host.Memory, 64));
        var vectors = new Span<byte>(machine.State->Ymm, Vectors);
        random.NextBytes(vectors);
        vectors.CopyTo(new Span<byte>(host.Registers->Ymm, Vectors));
        (machine.Rax, machine.Rbx) = ((ulong)random.NextInt64() * 2, (ulong)random.NextInt64() * 3);
        machine.State->ArithmeticFlags = (ulong)random.Next() & ArithmeticFlag.All;
        machine.Rdi = Data;
        (host.Registers->Gpr[0], host.Registers->Gpr[3], host.Registers->Gpr[7]) = (machine.Rax, machine.Rbx, (ulong)host.Memory);
        host.Registers->Flags = machine.State->ArithmeticFlags | 0x202;
        host.Registers->Mxcsr = 0x1F80;
    }

    /// <summary>The four words after the last sixteen: SHA256MSG1, the sum with W9 to W12, SHA256MSG2.</summary>
    private static uint[] NextWords(DataMachine machine, uint[] w)
    {
        Set(machine, 3, w[0..4]);
        Set(machine, 4, w[4..8]);
        machine.Run(0x0F, 0x38, 0xCC, 0xDC);
        Set(machine, 3, [.. Get(machine, 3).Zip(w[9..13], (left, right) => left + right)]);
        Set(machine, 4, w[12..16]);
        machine.Run(0x0F, 0x38, 0xCD, 0xDC);
        return Get(machine, 3);
    }

    private static void Set(DataMachine machine, int register, uint[] words) =>
        words.CopyTo(new Span<uint>(machine.State->Ymm + (register * 32), 4));

    private static uint[] Get(DataMachine machine, int register) => new Span<uint>(machine.State->Ymm + (register * 32), 4).ToArray();

    private static IEnumerable<int> FirstPrimes(int count) =>
        Enumerable.Range(2, 400).Where(number => !Enumerable.Range(2, number - 2).Any(divisor => number % divisor == 0)).Take(count);

    /// <summary>The first 32 bits of the fraction.</summary>
    private static uint Fraction(double value) => (uint)((value - Math.Floor(value)) * 4294967296.0);
}
