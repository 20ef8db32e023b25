using System.Buffers.Binary;
using Hearth.Fuzz.Generation;
using Hearth.Fuzz.State;
using Iced.Intel;

namespace Hearth.Fuzz.Forms;

/// <summary>Gives what an instruction uses without naming it values with which it does something: counters, frames, pointers in memory.</summary>
internal static class ImplicitOperands
{
    private const int Rax = 0;
    private const int Rcx = 1;
    private const int Rdx = 2;
    private const int Rbp = 5;
    private const int Rdi = 7;

    /// <param name="target">The linear address of the memory operand, or 0.</param>
    public static void Prepare(in Instruction instruction, TestProgram program, ulong target, SeededRandom random)
    {
        ulong[] registers = program.State.Registers;
        if (instruction.HasRepPrefix || instruction.HasRepnePrefix || instruction.IsLoop || instruction.IsLoopcc || instruction.IsJcxShort)
            registers[Rcx] = random.Chance(80) ? (ulong)random.Below(40) : registers[Rcx];
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Bt or Mnemonic.Bts or Mnemonic.Btr or Mnemonic.Btc:
                LimitBitOffset(instruction, program, random);
                break;
            case Mnemonic.Cmpxchg or Mnemonic.Cmpxchg8b or Mnemonic.Cmpxchg16b:
                MatchAccumulator(instruction, program, target, random);
                break;
            case Mnemonic.Div or Mnemonic.Idiv:
                registers[Rdx] = random.Below(4) switch { 0 => registers[Rdx], 1 => RandomState.Narrow(program.Mode, ulong.MaxValue), _ => (ulong)random.Below(16) };
                break;
            case Mnemonic.Enter or Mnemonic.Leave:
                registers[Rbp] = registers[4] - (ulong)(random.Below(24) * 8);
                break;
            case Mnemonic.Call or Mnemonic.Jmp when instruction.OpCount == 1:
                StackFrames.PointOperandAtCode(instruction, program, target, random);
                break;
            case Mnemonic.Ret or Mnemonic.Retf or Mnemonic.Iret or Mnemonic.Iretd or Mnemonic.Iretq:
                StackFrames.PrepareReturn(instruction, program, random);
                break;
            case Mnemonic.Popf or Mnemonic.Popfd or Mnemonic.Popfq:
                StackFrames.PrepareFlags(program, random);
                break;
            case Mnemonic.Pop or Mnemonic.Mov or Mnemonic.Lar or Mnemonic.Lsl or Mnemonic.Verr or Mnemonic.Verw or Mnemonic.Arpl:
                PrepareSelector(instruction, program, target, random);
                break;
            case Mnemonic.Lds or Mnemonic.Les or Mnemonic.Lfs or Mnemonic.Lgs or Mnemonic.Lss:
                Write(program, target + (ulong)(instruction.MemorySize.GetSize() - 2), RandomValues.Selector(random), 2);
                break;
            case Mnemonic.Ldmxcsr or Mnemonic.Vldmxcsr when random.Chance(70):
                Write(program, target, RandomState.Mxcsr(random), 4);
                break;
            case Mnemonic.Fxrstor or Mnemonic.Fxrstor64 when random.Chance(80):
                Write(program, target + ProcessorState.MxcsrOffset, RandomState.Mxcsr(random), 4);
                break;
            case Mnemonic.Maskmovq or Mnemonic.Maskmovdqu or Mnemonic.Vmaskmovdqu:
                new MemoryOperand(program, random).Point(Rdi, (ulong)MemoryLayout.Data.Length - 1);
                break;
            case Mnemonic.Int when program.Code.IndexOf((byte)0x80) >= 0:
                program.SetCode([0xCD, 0x81], program.CodeOffset);
                break;
        }
    }

    /// <summary>Writes as much of a value as the area of the address has room for; unmapped addresses are left alone.</summary>
    public static void Write(TestProgram program, ulong address, ulong value, int length)
    {
        Span<byte> room = program.At(address);
        BitConverter.GetBytes(value).AsSpan(0, Math.Min(length, room.Length)).CopyTo(room);
    }

    /// <summary>A bit offset in a register reaches 2^60 bytes up and down; near ones are more telling.</summary>
    private static void LimitBitOffset(in Instruction instruction, TestProgram program, SeededRandom random)
    {
        if (instruction.Op1Kind != OpKind.Register || instruction.Op0Kind != OpKind.Memory || random.Chance(10))
            return;
        int number = instruction.Op1Register.GetNumber();
        bool isAddress = instruction.MemoryBase.GetFullRegister().GetNumber() == number || instruction.MemoryIndex.GetFullRegister().GetNumber() == number;
        if (!isAddress || instruction.MemoryBase == Register.None)
            program.State.Registers[number] = RandomState.Narrow(program.Mode, (ulong)(long)random.Between(-4000, 4000));
    }

    private static void MatchAccumulator(in Instruction instruction, TestProgram program, ulong target, SeededRandom random)
    {
        Span<byte> memory = program.At(target);
        if (random.Chance(40) || instruction.Op0Kind != OpKind.Memory)
            return;
        int half = instruction.Mnemonic == Mnemonic.Cmpxchg ? instruction.MemorySize.GetSize() : instruction.MemorySize.GetSize() / 2;
        if (memory.Length < 2 * half)
            return;
        program.State.Registers[Rax] = ReadPart(memory, half);
        if (instruction.Mnemonic != Mnemonic.Cmpxchg)
            program.State.Registers[Rdx] = ReadPart(memory[half..], half);
    }

    private static void PrepareSelector(in Instruction instruction, TestProgram program, ulong target, SeededRandom random)
    {
        bool loadsSegment = instruction.Op0Kind == OpKind.Register && instruction.Op0Register.IsSegmentRegister();
        bool isSegmentTest = instruction.Mnemonic is not (Mnemonic.Pop or Mnemonic.Mov);
        if (!loadsSegment && !isSegmentTest)
            return;
        ushort selector = RandomValues.Selector(random);
        if (instruction.Mnemonic == Mnemonic.Pop)
        {
            Write(program, StackFrames.Top(program), selector, 2);
            return;
        }

        int operand = instruction.Mnemonic is Mnemonic.Verr or Mnemonic.Verw or Mnemonic.Arpl ? 0 : 1;
        if (instruction.GetOpKind(operand) == OpKind.Memory)
            Write(program, target, selector, 2);
        else
            program.State.Registers[instruction.GetOpRegister(operand).GetFullRegister().GetNumber()] = selector | (random.Next() & 0xFFFF_0000);
    }

    private static ulong ReadPart(ReadOnlySpan<byte> memory, int length)
    {
        Span<byte> padded = stackalloc byte[8];
        padded.Clear();
        memory[..length].CopyTo(padded);
        return BinaryPrimitives.ReadUInt64LittleEndian(padded);
    }
}
