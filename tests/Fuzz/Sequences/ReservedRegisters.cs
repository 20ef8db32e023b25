using Hearth.Fuzz.Generation;
using Hearth.Fuzz.State;
using Iced.Intel;

namespace Hearth.Fuzz.Sequences;

/// <summary>The registers of a random program that its other instructions leave alone, so that it runs on: pointers, an index, a loop counter.</summary>
internal sealed class ReservedRegisters
{
    private readonly int[] _numbers;
    private readonly InstructionInfoFactory _factory = new();
    private readonly CodeMode _mode;

    public ReservedRegisters(TestProgram program, SeededRandom random)
    {
        _mode = program.Mode;
        _numbers = Choose(random);
        ulong data = _mode == CodeMode.Protected16 ? 0 : MemoryLayout.Data.Address;
        ulong[] registers = program.State.Registers;
        registers[Pointer] = data + 0x1000 + (ulong)(random.Below(24) * 64);
        registers[Index] = (ulong)(random.Chance(75) ? random.Below(4) * 32 : random.Below(100));
        registers[SecondPointer] = _mode == CodeMode.Long && random.Chance(40)
            ? MemoryLayout.High.Address + 0x1000
            : data + 0x3000 - (ulong)(random.Chance(50) ? 0 : 64);
    }

    public int Pointer => _numbers[0];

    public int SecondPointer => _numbers[1];

    /// <summary>Holds a small number.</summary>
    public int Index => _numbers[2];

    public int Counter => _numbers[3];

    /// <summary>Whether an instruction may run without harm to the program: it writes no reserved register, and the stack pointer only by a push or pop.</summary>
    public bool Allows(in Instruction instruction)
    {
        foreach (UsedRegister used in _factory.GetInfo(instruction).GetUsedRegisters())
        {
            bool written = used.Access is not (OpAccess.Read or OpAccess.CondRead or OpAccess.None or OpAccess.NoMemAccess);
            Register full = used.Register.GetFullRegister();
            if (!written || !full.IsGPR64())
                continue;
            int number = full.GetNumber();
            if (_numbers.AsSpan().Contains(number) || (number == 4 && !instruction.IsStackInstruction))
                return false;
        }

        return true;
    }

    /// <remarks>String operations move RSI, RDI and RCX: a pointer is loaded again after them, an index or a counter could not be.</remarks>
    private int[] Choose(SeededRandom random)
    {
        // 16-bit addresses know only BX, BP, SI and DI.
        if (_mode != CodeMode.Long)
            return random.Chance(50) ? [6, 7, 3, 5] : [7, 6, 3, 5];
        int[] numbers = [.. Enumerable.Range(3, 13).Where(number => number is not (4 or 6 or 7)).OrderBy(_ => random.Next())];
        return random.Chance(30) ? [6, 7, .. numbers[..2]] : numbers[..4];
    }
}
