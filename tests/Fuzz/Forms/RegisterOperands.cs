using Hearth.Fuzz.Generation;
using Hearth.Fuzz.State;
using Iced.Intel;

namespace Hearth.Fuzz.Forms;

/// <summary>Which registers an operand of a given kind can be.</summary>
internal static class RegisterOperands
{
    private static readonly Dictionary<OpCodeOperandKind, Register> s_fixed = new()
    {
        [OpCodeOperandKind.al] = Register.AL,
        [OpCodeOperandKind.cl] = Register.CL,
        [OpCodeOperandKind.ax] = Register.AX,
        [OpCodeOperandKind.dx] = Register.DX,
        [OpCodeOperandKind.eax] = Register.EAX,
        [OpCodeOperandKind.rax] = Register.RAX,
        [OpCodeOperandKind.st0] = Register.ST0,
        [OpCodeOperandKind.es] = Register.ES,
        [OpCodeOperandKind.cs] = Register.CS,
        [OpCodeOperandKind.ss] = Register.SS,
        [OpCodeOperandKind.ds] = Register.DS,
        [OpCodeOperandKind.fs] = Register.FS,
        [OpCodeOperandKind.gs] = Register.GS,
    };

    /// <summary>First register, and how many there are in 64-bit code and outside it.</summary>
    private static readonly Dictionary<OpCodeOperandKind, (Register First, int Long, int Other)> s_ranges = CreateRanges();

    /// <summary>Picks a register for an operand.</summary>
    /// <returns>False when the kind is no register, or does not have to be one.</returns>
    public static bool TryPick(OpCodeOperandKind kind, CodeMode mode, SeededRandom random, out Register register)
    {
        if (s_fixed.TryGetValue(kind, out register))
            return true;
        if (!s_ranges.TryGetValue(kind, out (Register First, int Long, int Other) range))
            return false;
        register = range.First + random.Below(mode == CodeMode.Long ? range.Long : range.Other);
        return true;
    }

    private static Dictionary<OpCodeOperandKind, (Register First, int Long, int Other)> CreateRanges()
    {
        var ranges = new Dictionary<OpCodeOperandKind, (Register First, int Long, int Other)>();
        Add(ranges, (Register.AL, 20, 8), OpCodeOperandKind.r8_reg, OpCodeOperandKind.r8_opcode, OpCodeOperandKind.r8_or_mem);
        Add(ranges, (Register.AX, 16, 8), OpCodeOperandKind.r16_reg, OpCodeOperandKind.r16_rm, OpCodeOperandKind.r16_opcode, OpCodeOperandKind.r16_or_mem);
        Add(
            ranges,
            (Register.EAX, 16, 8),
            OpCodeOperandKind.r32_reg,
            OpCodeOperandKind.r32_rm,
            OpCodeOperandKind.r32_opcode,
            OpCodeOperandKind.r32_vvvv,
            OpCodeOperandKind.r32_or_mem);
        Add(
            ranges,
            (Register.RAX, 16, 8),
            OpCodeOperandKind.r64_reg,
            OpCodeOperandKind.r64_rm,
            OpCodeOperandKind.r64_opcode,
            OpCodeOperandKind.r64_vvvv,
            OpCodeOperandKind.r64_or_mem);
        Add(ranges, (Register.MM0, 8, 8), OpCodeOperandKind.mm_reg, OpCodeOperandKind.mm_rm, OpCodeOperandKind.mm_or_mem);
        Add(
            ranges,
            (Register.XMM0, 16, 8),
            OpCodeOperandKind.xmm_reg,
            OpCodeOperandKind.xmm_rm,
            OpCodeOperandKind.xmm_vvvv,
            OpCodeOperandKind.xmm_is4,
            OpCodeOperandKind.xmm_or_mem);
        Add(
            ranges,
            (Register.YMM0, 16, 8),
            OpCodeOperandKind.ymm_reg,
            OpCodeOperandKind.ymm_rm,
            OpCodeOperandKind.ymm_vvvv,
            OpCodeOperandKind.ymm_is4,
            OpCodeOperandKind.ymm_or_mem);
        Add(ranges, (Register.ST0, 8, 8), OpCodeOperandKind.sti_opcode);
        Add(ranges, (Register.ES, 6, 6), OpCodeOperandKind.seg_reg);
        Add(ranges, (Register.CR0, 9, 5), OpCodeOperandKind.cr_reg);
        Add(ranges, (Register.DR0, 8, 8), OpCodeOperandKind.dr_reg);
        return ranges;
    }

    private static void Add(
        Dictionary<OpCodeOperandKind, (Register First, int Long, int Other)> to,
        (Register First, int Long, int Other) range,
        params ReadOnlySpan<OpCodeOperandKind> kinds)
    {
        foreach (OpCodeOperandKind kind in kinds)
            to.Add(kind, range);
    }
}
