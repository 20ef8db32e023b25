using Hearth.Fuzz.State;
using Iced.Intel;

namespace Hearth.Fuzz.Sequences;

/// <summary>The instructions that hold a random program together, in the operand size of its mode.</summary>
internal sealed class FlowInstructions(CodeMode mode)
{
    private static readonly Code[] s_conditional64 =
    [
        Code.Jo_rel32_64, Code.Jno_rel32_64, Code.Jb_rel32_64, Code.Jae_rel32_64, Code.Je_rel32_64, Code.Jne_rel32_64, Code.Jbe_rel32_64, Code.Ja_rel32_64,
        Code.Js_rel32_64, Code.Jns_rel32_64, Code.Jp_rel32_64, Code.Jnp_rel32_64, Code.Jl_rel32_64, Code.Jge_rel32_64, Code.Jle_rel32_64, Code.Jg_rel32_64,
    ];

    private static readonly Code[] s_conditional32 =
    [
        Code.Jo_rel32_32, Code.Jno_rel32_32, Code.Jb_rel32_32, Code.Jae_rel32_32, Code.Je_rel32_32, Code.Jne_rel32_32, Code.Jbe_rel32_32, Code.Ja_rel32_32,
        Code.Js_rel32_32, Code.Jns_rel32_32, Code.Jp_rel32_32, Code.Jnp_rel32_32, Code.Jl_rel32_32, Code.Jge_rel32_32, Code.Jle_rel32_32, Code.Jg_rel32_32,
    ];

    private static readonly Code[] s_conditional16 =
    [
        Code.Jo_rel16, Code.Jno_rel16, Code.Jb_rel16, Code.Jae_rel16, Code.Je_rel16, Code.Jne_rel16, Code.Jbe_rel16, Code.Ja_rel16,
        Code.Js_rel16, Code.Jns_rel16, Code.Jp_rel16, Code.Jnp_rel16, Code.Jl_rel16, Code.Jge_rel16, Code.Jle_rel16, Code.Jg_rel16,
    ];

    private Register First => Pick(Register.RAX, Register.EAX, Register.AX);

    public Instruction ConditionalJump(int condition) => Branch(Pick(s_conditional64, s_conditional32, s_conditional16)[condition]);

    public Instruction Jump() => Branch(Pick(Code.Jmp_rel32_64, Code.Jmp_rel32_32, Code.Jmp_rel16));

    public Instruction Call() => Branch(Pick(Code.Call_rel32_64, Code.Call_rel32_32, Code.Call_rel16));

    public Instruction Return() => Instruction.Create(Pick(Code.Retnq, Code.Retnd, Code.Retnw));

    public Instruction PushFlags() => Instruction.Create(Pick(Code.Pushfq, Code.Pushfd, Code.Pushfw));

    public Instruction PopFlags() => Instruction.Create(Pick(Code.Popfq, Code.Popfd, Code.Popfw));

    public Instruction LoadImmediate(int register, long value) => mode switch
    {
        CodeMode.Long => Instruction.Create(Code.Mov_r64_imm64, First + register, value),
        CodeMode.Protected32 => Instruction.Create(Code.Mov_r32_imm32, First + register, (uint)value),
        _ => Instruction.Create(Code.Mov_r16_imm16, First + register, (uint)(ushort)value),
    };

    public Instruction Decrement(int register) => Instruction.Create(Pick(Code.Dec_rm64, Code.Dec_rm32, Code.Dec_rm16), First + register);

    public Instruction CopyRegister(int to, int from) =>
        Instruction.Create(Pick(Code.Mov_rm64_r64, Code.Mov_rm32_r32, Code.Mov_rm16_r16), First + to, First + from);

    /// <summary>LEA RAX, [label].</summary>
    public Instruction LoadAddress() => Instruction.Create(Pick(Code.Lea_r64_m, Code.Lea_r32_m, Code.Lea_r16_m), First, LabelMemory());

    /// <summary>JMP RAX.</summary>
    public Instruction JumpIndirect() => Instruction.Create(Pick(Code.Jmp_rm64, Code.Jmp_rm32, Code.Jmp_rm16), First);

    /// <summary>MOV byte [label], value.</summary>
    public Instruction StoreByte(int value) => Instruction.Create(Code.Mov_rm8_imm8, LabelMemory(), value);

    private MemoryOperand LabelMemory() => mode == CodeMode.Long
        ? new MemoryOperand(Register.RIP, Register.None, 1, (long)MemoryLayout.Code.End, 8)
        : new MemoryOperand(Register.None, Register.None, 1, (long)MemoryLayout.Code.Address, mode == CodeMode.Protected32 ? 4 : 2);

    private static Instruction Branch(Code code) => Instruction.CreateBranch(code, 0);

    private T Pick<T>(T @long, T protected32, T protected16) => mode switch
    {
        CodeMode.Long => @long,
        CodeMode.Protected32 => protected32,
        _ => protected16,
    };
}
