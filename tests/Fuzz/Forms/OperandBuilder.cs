using Hearth.Fuzz.Generation;
using Hearth.Fuzz.State;
using Iced.Intel;

namespace Hearth.Fuzz.Forms;

/// <summary>Makes an instruction of a form with random operands.</summary>
internal sealed class OperandBuilder(Form form, TestProgram program, IMemoryOperands memory, SeededRandom random)
{

    public Instruction Build()
    {
        OpCodeInfo info = form.Encoding;
        var instruction = default(Instruction);
        instruction.Code = form.Code;
        for (int i = 0; i < info.OpCount; i++)
            SetOperand(ref instruction, i, info.GetOpKind(i));
        bool inMemory = instruction.HasOpKind(OpKind.Memory);
        instruction.HasLockPrefix = info.CanUseLockPrefix && inMemory && random.Chance(40);
        if (info.CanUseRepPrefix && random.Chance(40))
            instruction.HasRepPrefix = true;
        else if (info.CanUseRepnePrefix && random.Chance(40))
            instruction.HasRepnePrefix = true;
        return instruction;
    }

    private void SetOperand(ref Instruction instruction, int index, OpCodeOperandKind kind)
    {
        bool mayBeMemory = kind is OpCodeOperandKind.r8_or_mem or OpCodeOperandKind.r16_or_mem or OpCodeOperandKind.r32_or_mem
            or OpCodeOperandKind.r64_or_mem or OpCodeOperandKind.mm_or_mem or OpCodeOperandKind.xmm_or_mem or OpCodeOperandKind.ymm_or_mem;
        if ((kind == OpCodeOperandKind.mem) || (mayBeMemory && random.Chance(65)))
        {
            instruction.SetOpKind(index, OpKind.Memory);
            memory.Set(ref instruction, Register.None, 0);
        }
        else if (RegisterOperands.TryPick(kind, form.Mode, random, out Register register))
        {
            instruction.SetOpKind(index, OpKind.Register);
            instruction.SetOpRegister(index, register);
        }
        else if (!TrySetVectorMemory(ref instruction, index, kind) && !TrySetImmediate(ref instruction, index, kind))
        {
            SetImplicitMemoryOrBranch(ref instruction, index, kind);
        }
    }

    private bool TrySetVectorMemory(ref Instruction instruction, int index, OpCodeOperandKind kind)
    {
        (Register first, int size) = kind switch
        {
            OpCodeOperandKind.mem_vsib32x => (Register.XMM0, 4),
            OpCodeOperandKind.mem_vsib32y => (Register.YMM0, 4),
            OpCodeOperandKind.mem_vsib64x => (Register.XMM0, 8),
            OpCodeOperandKind.mem_vsib64y => (Register.YMM0, 8),
            _ => (Register.None, 0),
        };
        if (first == Register.None)
            return false;
        instruction.SetOpKind(index, OpKind.Memory);
        memory.Set(ref instruction, first + random.Below(form.Mode == CodeMode.Long ? 16 : 8), size);
        return true;
    }

    private bool TrySetImmediate(ref Instruction instruction, int index, OpCodeOperandKind kind)
    {
        (OpKind Kind, int Bytes) immediate = kind switch
        {
            OpCodeOperandKind.imm8 => (instruction.OpCount > 1 && instruction.GetOpKind(1) == OpKind.Immediate16
                || (index > 0 && IsSecondImmediate(instruction, index)) ? OpKind.Immediate8_2nd : OpKind.Immediate8, 1),
            OpCodeOperandKind.imm8_const_1 => (OpKind.Immediate8, 0),
            OpCodeOperandKind.imm8sex16 => (OpKind.Immediate8to16, 1),
            OpCodeOperandKind.imm8sex32 => (OpKind.Immediate8to32, 1),
            OpCodeOperandKind.imm8sex64 => (OpKind.Immediate8to64, 1),
            OpCodeOperandKind.imm16 => (OpKind.Immediate16, 2),
            OpCodeOperandKind.imm32 => (OpKind.Immediate32, 4),
            OpCodeOperandKind.imm32sex64 => (OpKind.Immediate32to64, 4),
            OpCodeOperandKind.imm64 => (OpKind.Immediate64, 8),
            _ => (OpKind.Register, 0),
        };
        if (immediate.Kind == OpKind.Register)
            return false;
        instruction.SetOpKind(index, immediate.Kind);
        ulong value = RandomValues.Integer(random);
        instruction.SetImmediate(index, immediate.Bytes switch
        {
            0 => 1,
            1 when immediate.Kind is OpKind.Immediate8 or OpKind.Immediate8_2nd => (byte)value,
            1 => (ulong)(sbyte)value,
            2 => (ushort)value,
            4 when immediate.Kind == OpKind.Immediate32to64 => (ulong)(int)value,
            4 => (uint)value,
            _ => value,
        });
        return true;
    }

    private static bool IsSecondImmediate(in Instruction instruction, int index)
    {
        for (int i = 0; i < index; i++)
        {
            if (instruction.GetOpKind(i) is OpKind.Immediate8 or OpKind.Immediate16)
                return true;
        }

        return false;
    }

    private void SetImplicitMemoryOrBranch(ref Instruction instruction, int index, OpCodeOperandKind kind)
    {
        ulong dataLimit = (ulong)MemoryLayout.Data.Length - 1;
        int size = form.Mode switch { CodeMode.Long => 64, CodeMode.Protected32 => 32, _ => 16 };
        switch (kind)
        {
            case OpCodeOperandKind.mem_offs:
                instruction.SetOpKind(index, OpKind.Memory);
                memory.SetOffset(ref instruction);
                break;
            case OpCodeOperandKind.seg_rSI:
                instruction.SetOpKind(index, size switch { 64 => OpKind.MemorySegRSI, 32 => OpKind.MemorySegESI, _ => OpKind.MemorySegSI });
                memory.Point(6, dataLimit);
                break;
            case OpCodeOperandKind.es_rDI:
                instruction.SetOpKind(index, size switch { 64 => OpKind.MemoryESRDI, 32 => OpKind.MemoryESEDI, _ => OpKind.MemoryESDI });
                memory.Point(7, dataLimit);
                break;
            case OpCodeOperandKind.seg_rDI:
                instruction.SetOpKind(index, size switch { 64 => OpKind.MemorySegRDI, 32 => OpKind.MemorySegEDI, _ => OpKind.MemorySegDI });
                memory.Point(7, dataLimit);
                break;
            case OpCodeOperandKind.seg_rBX_al:
                instruction.SetOpKind(index, OpKind.Memory);
                instruction.MemoryBase = size switch { 64 => Register.RBX, 32 => Register.EBX, _ => Register.BX };
                instruction.MemoryIndex = Register.AL;
                memory.Point(3, dataLimit);
                break;
            default:
                SetBranch(ref instruction, index, kind);
                break;
        }
    }

    private void SetBranch(ref Instruction instruction, int index, OpCodeOperandKind kind)
    {
        // Never to itself: that is a loop without an end.
        int distance = random.Between(1, 90) * (random.Chance(50) ? 1 : -1);
        ulong target = program.State.Rip + (ulong)(long)distance;
        switch (kind)
        {
            case OpCodeOperandKind.br16_1 or OpCodeOperandKind.br16_2:
                instruction.SetOpKind(index, OpKind.NearBranch16);
                instruction.NearBranch16 = (ushort)target;
                break;
            case OpCodeOperandKind.br32_1 or OpCodeOperandKind.br32_4:
                instruction.SetOpKind(index, OpKind.NearBranch32);
                instruction.NearBranch32 = (uint)target;
                break;
            case OpCodeOperandKind.br64_1 or OpCodeOperandKind.br64_4:
                instruction.SetOpKind(index, OpKind.NearBranch64);
                instruction.NearBranch64 = target;
                break;
            case OpCodeOperandKind.farbr2_2:
                instruction.SetOpKind(index, OpKind.FarBranch16);
                instruction.FarBranch16 = (ushort)target;
                instruction.FarBranchSelector = FarSelector();
                break;
            case OpCodeOperandKind.farbr4_2:
                instruction.SetOpKind(index, OpKind.FarBranch32);
                instruction.FarBranch32 = (uint)target;
                instruction.FarBranchSelector = FarSelector();
                break;
            default:
                throw new InvalidOperationException($"operands of kind {kind} are not known");
        }
    }

    private ushort FarSelector() => random.Chance(70) ? program.State.Segments[1] : RandomValues.Selector(random);
}
