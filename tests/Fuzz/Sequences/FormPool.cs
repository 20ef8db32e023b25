using Hearth.Fuzz.Forms;
using Hearth.Fuzz.Generation;
using Hearth.Fuzz.State;
using Iced.Intel;

namespace Hearth.Fuzz.Sequences;

/// <summary>The forms that random programs are made of, by kind, so that common kinds are common.</summary>
internal sealed class FormPool
{
    private static readonly HashSet<Mnemonic> s_unsuitable =
    [
        Mnemonic.Rdtsc, Mnemonic.Rdtscp, Mnemonic.Rdrand, Mnemonic.Rdseed, Mnemonic.Fxsave, Mnemonic.Fxsave64, Mnemonic.Fnsave, Mnemonic.Fsave,
        Mnemonic.Fnstenv, Mnemonic.Fstenv, Mnemonic.Fxrstor, Mnemonic.Fxrstor64, Mnemonic.Frstor, Mnemonic.Fldenv, Mnemonic.Ldmxcsr, Mnemonic.Vldmxcsr,
        Mnemonic.Popf, Mnemonic.Popfd, Mnemonic.Popfq, Mnemonic.Enter, Mnemonic.Leave, Mnemonic.Wrfsbase, Mnemonic.Wrgsbase, Mnemonic.Ud0, Mnemonic.Ud1,
        Mnemonic.Ud2, Mnemonic.Div, Mnemonic.Idiv, Mnemonic.Bound, Mnemonic.Into, Mnemonic.Aam, Mnemonic.Lds, Mnemonic.Les, Mnemonic.Lfs, Mnemonic.Lgs,
        Mnemonic.Lss, Mnemonic.Invlpg, Mnemonic.Maskmovq, Mnemonic.Maskmovdqu, Mnemonic.Vmaskmovdqu,
    ];

    private static readonly Lazy<FormPool>[] s_pools =
    [
        .. Enum.GetValues<CodeMode>().Select(mode => new Lazy<FormPool>(() => new FormPool(mode))),
    ];

    private readonly Form[] _integer;
    private readonly Form[] _vector;
    private readonly Form[] _x87;
    private readonly Form[] _all;

    private FormPool(CodeMode mode)
    {
        Form[] candidates = [.. FormCatalogue.All.Where(form => form.Mode == mode && IsSuitable(form))];
        _all = [.. FormCatalogue.All.Where(form => form.Mode == mode && FlowsOn(form) && !IsOwnAnswer(form) && !IsGather(form) && !HasOperand(form, OpCodeOperandKind.dr_reg))];
        _integer = [.. candidates.Where(form => !IsVector(form) && !IsX87(form))];
        _vector = [.. candidates.Where(IsVector)];
        _x87 = [.. candidates.Where(IsX87)];
        Strings = [.. FormCatalogue.All.Where(form => form.Mode == mode && IsString(form) && !form.Encoding.MustBeCpl0 && !form.Encoding.IsInputOutput)];
    }

    /// <summary>MOVS, CMPS, STOS, LODS and SCAS.</summary>
    public Form[] Strings { get; }

    public static FormPool Of(CodeMode mode) => s_pools[(int)mode].Value;

    public Form Pick(SeededRandom random) => random.Below(100) switch
    {
        < 58 => random.Pick<Form>(_integer),
        < 86 => random.Pick<Form>(_vector),
        < 97 => random.Pick<Form>(_x87),
        _ => random.Pick<Form>(_all),
    };

    private static bool IsSuitable(Form form) => FlowsOn(form) && !form.Encoding.MustBeCpl0 && !form.Encoding.IsInputOutput && !IsString(form)
        && !s_unsuitable.Contains(form.Code.Mnemonic()) && !TouchesSegments(form) && !IsGather(form);

    private static bool FlowsOn(Form form) => form.Code.FlowControl() == FlowControl.Next && !IsString(form);

    /// <summary>Answers that differ on every run, or from make to make.</summary>
    private static bool IsOwnAnswer(Form form) => form.Code.Mnemonic() is Mnemonic.Rdtsc or Mnemonic.Rdtscp or Mnemonic.Rdrand or Mnemonic.Rdseed
        or Mnemonic.Fxsave or Mnemonic.Fxsave64 or Mnemonic.Fnsave or Mnemonic.Fsave or Mnemonic.Fnstenv or Mnemonic.Fstenv
        or Mnemonic.Maskmovq or Mnemonic.Maskmovdqu or Mnemonic.Vmaskmovdqu or Mnemonic.Enter or Mnemonic.Pusha or Mnemonic.Pushad or Mnemonic.Popa or Mnemonic.Popad;

    private static bool IsString(Form form) => HasOperand(form, OpCodeOperandKind.seg_rSI) || HasOperand(form, OpCodeOperandKind.es_rDI);

    private static bool IsGather(Form form) => form.Encoding.Op0Kind is >= OpCodeOperandKind.mem_vsib32x and <= OpCodeOperandKind.mem_vsib64z
        || form.Encoding.Op1Kind is >= OpCodeOperandKind.mem_vsib32x and <= OpCodeOperandKind.mem_vsib64z;

    private static bool TouchesSegments(Form form) => HasOperand(form, OpCodeOperandKind.seg_reg) || HasOperand(form, OpCodeOperandKind.es)
        || HasOperand(form, OpCodeOperandKind.ss) || HasOperand(form, OpCodeOperandKind.ds) || HasOperand(form, OpCodeOperandKind.fs)
        || HasOperand(form, OpCodeOperandKind.gs) || HasOperand(form, OpCodeOperandKind.cs);

    private static bool IsX87(Form form) => form.Code.CpuidFeatures() is [CpuidFeature.FPU or CpuidFeature.FPU287 or CpuidFeature.FPU387 or CpuidFeature.MMX, ..];

    private static bool IsVector(Form form) => form.Code.CpuidFeatures() is
        [CpuidFeature.SSE or CpuidFeature.SSE2 or CpuidFeature.SSE3 or CpuidFeature.SSSE3 or CpuidFeature.SSE4_1 or CpuidFeature.SSE4_2 or CpuidFeature.AVX
            or CpuidFeature.AVX2 or CpuidFeature.FMA or CpuidFeature.F16C or CpuidFeature.AES or CpuidFeature.PCLMULQDQ or CpuidFeature.SHA, ..];

    private static bool HasOperand(Form form, OpCodeOperandKind kind)
    {
        for (int i = 0; i < form.Encoding.OpCount; i++)
        {
            if (form.Encoding.GetOpKind(i) == kind)
                return true;
        }

        return false;
    }
}
