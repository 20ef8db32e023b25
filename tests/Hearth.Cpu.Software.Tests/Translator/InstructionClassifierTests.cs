using Iced.Intel;

namespace Hearth.Cpu.Software.Tests.Translator;

/// <summary>What is told as able to fault where the host executes it: of nothing else does anybody find out where in the guest's code it faulted.</summary>
public sealed class InstructionClassifierTests
{
    /// <summary>Of a processor that has everything: more is executed natively than any model has.</summary>
    private readonly InstructionClassifier _classifier = new([.. Enumerable.Repeat(true, DecoderSets.FeatureCapacity)], new bool[DecoderSets.FeatureCapacity]);

    [Fact]
    public void Everything_that_runs_on_the_host_and_can_fault_is_told()
    {
        var untold = new List<string>();
        int canFault = 0;
        foreach (Instruction sample in Decodable().SelectMany(HostFaults.Samples).Where(IsExecutedNatively))
        {
            string reason = HostFaults.ReasonOf(sample);
            canFault += reason.Length > 0 ? 1 : 0;
            if (reason.Length > 0 && !_classifier.MayFaultOnHost(sample.Code))
                untold.Add($"{sample.Code} {reason}");
        }

        Assert.True(untold.Count == 0, $"not told as able to fault on the host: {string.Join("; ", untold.Distinct())}");
        Assert.InRange(canFault, 5000, int.MaxValue);
    }

    [Theory]
    [InlineData(Code.Div_rm8)]
    [InlineData(Code.Div_rm64)]
    [InlineData(Code.Idiv_rm16)]
    [InlineData(Code.Idiv_rm32)]
    [InlineData(Code.Wait)]
    [InlineData(Code.Fadd_m32fp)]
    [InlineData(Code.Fadd_st0_sti)]
    [InlineData(Code.Fsqrt)]
    [InlineData(Code.Fldcw_m2byte)]
    [InlineData(Code.Fnop)]
    [InlineData(Code.Emms)]
    [InlineData(Code.Paddd_mm_mmm64)]
    [InlineData(Code.Sqrtsd_xmm_xmmm64)]
    [InlineData(Code.Movaps_xmm_xmmm128)]
    [InlineData(Code.Movaps_xmmm128_xmm)]
    [InlineData(Code.Pshufb_xmm_xmmm128)]
    [InlineData(Code.Sha256rnds2_xmm_xmmm128)]
    [InlineData(Code.Cmpxchg16b_m128)]
    [InlineData(Code.VEX_Vsqrtpd_ymm_ymmm256)]
    [InlineData(Code.VEX_Vmovdqa_ymm_ymmm256)]
    [InlineData(Code.VEX_Vfmadd231pd_ymm_ymm_ymmm256)]
    [InlineData(Code.VEX_Vzeroupper)]
    public void Instruction_that_can_fault_is_told(Code code)
    {
        Instruction sample = HostFaults.Samples(code).First();

        Assert.Equal(InstructionKind.Native, _classifier.KindOf(sample));
        Assert.True(_classifier.MayFaultOnHost(code));
        Assert.NotEmpty(HostFaults.ReasonOf(sample));
    }

    /// <summary>Most of what a guest runs: an entry for each would make the map as large as the code.</summary>
    [Theory]
    [InlineData(Code.Add_rm32_r32)]
    [InlineData(Code.Adc_rm64_r64)]
    [InlineData(Code.Mov_r64_rm64)]
    [InlineData(Code.Mov_rm8_r8)]
    [InlineData(Code.Movsxd_r64_rm32)]
    [InlineData(Code.Imul_r64_rm64)]
    [InlineData(Code.Mul_rm64)]
    [InlineData(Code.Shl_rm32_CL)]
    [InlineData(Code.Xchg_rm64_r64)]
    [InlineData(Code.Xadd_rm32_r32)]
    [InlineData(Code.Cmpxchg_rm64_r64)]
    [InlineData(Code.Cmpxchg8b_m64)]
    [InlineData(Code.Bswap_r64)]
    [InlineData(Code.Cmove_r32_rm32)]
    [InlineData(Code.Sete_rm8)]
    [InlineData(Code.Popcnt_r64_rm64)]
    [InlineData(Code.Lzcnt_r32_rm32)]
    [InlineData(Code.Movbe_r64_m64)]
    [InlineData(Code.VEX_Pdep_r64_r64_rm64)]
    [InlineData(Code.VEX_Andn_r32_r32_rm32)]
    [InlineData(Code.Adcx_r64_rm64)]
    public void Instruction_that_cannot_fault_is_not_told(Code code)
    {
        Instruction sample = HostFaults.Samples(code).First();

        Assert.Equal(InstructionKind.Native, _classifier.KindOf(sample));
        Assert.False(_classifier.MayFaultOnHost(code));
        Assert.Empty(HostFaults.ReasonOf(sample));
    }

    /// <summary>What only special decoders know stands in the tables, too.</summary>
    private static IEnumerable<Code> Decodable() => Enum.GetValues<Code>().Where(code => code.ToOpCode() is { IsInstruction: true, DecoderOption: DecoderOptions.None });

    private bool IsExecutedNatively(Instruction instruction) => _classifier.KindOf(instruction) is InstructionKind.Native or InstructionKind.BitString;
}
