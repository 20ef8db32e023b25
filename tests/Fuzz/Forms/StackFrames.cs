using Hearth.Fuzz.Generation;
using Hearth.Fuzz.State;
using Iced.Intel;

namespace Hearth.Fuzz.Forms;

/// <summary>Puts return frames, flag images and code pointers where control transfers find them.</summary>
internal static class StackFrames
{
    private const int Rsp = 4;

    /// <summary>The linear address of the top of the stack.</summary>
    public static ulong Top(TestProgram program) =>
        program.State.Registers[Rsp] + (program.Mode == CodeMode.Protected16 ? MemoryLayout.Stack.Address : 0);

    /// <summary>An address in the code area, or now and then one that cannot be jumped to.</summary>
    public static ulong CodeAddress(TestProgram program, SeededRandom random) => random.Below(25) switch
    {
        0 => MemoryLayout.Data.Address,
        1 => RandomState.Narrow(program.Mode, AccessTarget.Flat(program.Mode, random)),
        2 => (program.State.Rip & ~0xFFFUL) + 0xFFF,
        _ => (program.State.Rip & ~0xFFFUL) + (ulong)random.Below(0x1000),
    };

    public static void PointOperandAtCode(in Instruction instruction, TestProgram program, ulong target, SeededRandom random)
    {
        ulong address = CodeAddress(program, random);
        if (instruction.Op0Kind == OpKind.Register)
        {
            program.State.Registers[instruction.Op0Register.GetFullRegister().GetNumber()] = address;
        }
        else if (instruction.Op0Kind == OpKind.Memory)
        {
            bool far = instruction.IsCallFarIndirect || instruction.IsJmpFarIndirect;
            int size = instruction.MemorySize.GetSize() - (far ? 2 : 0);
            ImplicitOperands.Write(program, target, address, size);
            if (far)
                ImplicitOperands.Write(program, target + (ulong)size, Selector(program, random), 2);
        }
    }

    public static void PrepareReturn(in Instruction instruction, TestProgram program, SeededRandom random)
    {
        int size = OperandSize(instruction);
        ulong at = Top(program);
        bool isInterrupt = instruction.Mnemonic is Mnemonic.Iret or Mnemonic.Iretd or Mnemonic.Iretq;
        Push(program, ref at, CodeAddress(program, random), size);
        if (instruction.Mnemonic == Mnemonic.Ret)
            return;
        Push(program, ref at, Selector(program, random), size);
        if (!isInterrupt)
            return;
        Push(program, ref at, RandomFlags(random), size);
        if (instruction.Mnemonic != Mnemonic.Iretq && program.Mode != CodeMode.Long)
            return;
        Push(program, ref at, MemoryLayout.Stack.Address + (ulong)(random.Below(0x100) * 16), size);
        Push(program, ref at, random.Chance(85) ? Selectors.Data : RandomValues.Selector(random), size);
    }

    public static void PrepareFlags(TestProgram program, SeededRandom random)
    {
        ulong at = Top(program);
        Push(program, ref at, RandomFlags(random), 8);
    }

    private static ushort Selector(TestProgram program, SeededRandom random) =>
        random.Chance(75) ? program.State.Segments[1] : RandomValues.Selector(random);

    /// <summary>All of RFLAGS, with TF and NT rarer than the others.</summary>
    private static ulong RandomFlags(SeededRandom random)
    {
        const ulong TrapAndNestedTask = 0x4100;
        return random.Next() & (random.Chance(15) ? 0x3F_FFFFUL : 0x3F_FFFFUL & ~TrapAndNestedTask);
    }

    private static int OperandSize(in Instruction instruction)
    {
        int size = instruction.Code.ToOpCode().OperandSize;
        return size == 0 ? 8 : size / 8;
    }

    private static void Push(TestProgram program, ref ulong at, ulong value, int size)
    {
        ImplicitOperands.Write(program, at, value, size);
        at += (ulong)size;
    }
}
