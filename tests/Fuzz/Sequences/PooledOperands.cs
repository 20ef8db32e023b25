using Hearth.Fuzz.Forms;
using Hearth.Fuzz.Generation;
using Hearth.Fuzz.State;
using Iced.Intel;

namespace Hearth.Fuzz.Sequences;

/// <summary>Memory operands for programs: around the reserved pointers, mostly aligned, seldom out of bounds.</summary>
internal sealed class PooledOperands(CodeMode mode, ReservedRegisters reserved, SeededRandom random) : IMemoryOperands
{
    private const ulong WindowStart = 0x200;

    public ulong Target => 0;

    public void SetOffset(ref Instruction instruction)
    {
        instruction.MemoryDisplSize = mode switch { CodeMode.Long => 8, CodeMode.Protected32 => 4, _ => 2 };
        instruction.MemoryDisplacement64 = Absolute();
    }

    public void Set(ref Instruction instruction, Register vectorIndex, int vectorIndexSize)
    {
        if (random.Chance(8) && vectorIndex == Register.None)
        {
            SetAbsolute(ref instruction);
            return;
        }

        Register first = mode switch { CodeMode.Long => Register.RAX, CodeMode.Protected32 => Register.EAX, _ => Register.AX };
        instruction.MemoryBase = first + (random.Chance(55) ? reserved.Pointer : reserved.SecondPointer);
        instruction.MemoryIndex = vectorIndex;
        if (vectorIndex == Register.None && mode != CodeMode.Protected16 && random.Chance(20))
            instruction.MemoryIndex = random.Chance(92) ? first + reserved.Index : first;
        if (instruction.MemoryIndex != Register.None)
            instruction.MemoryIndexScale = 1 << random.Below(4);
        bool aligned = random.Chance(90);
        long displacement = aligned ? random.Between(-6, 6) * 32 : random.Between(-200, 200);
        instruction.MemoryDisplSize = displacement == 0 ? 0 : displacement is >= -128 and < 128 ? 1 : mode switch { CodeMode.Long => 8, CodeMode.Protected32 => 4, _ => 2 };
        instruction.MemoryDisplacement64 = mode switch
        {
            CodeMode.Long => (ulong)displacement,
            CodeMode.Protected32 => (uint)displacement,
            _ => (ushort)displacement,
        };
        if (mode == CodeMode.Long && random.Chance(3))
            instruction.SegmentPrefix = Register.FS + random.Below(2);
    }

    public void Point(int register, ulong limit)
    {
        // The string generator emits loads of RSI and RDI of its own.
    }

    private void SetAbsolute(ref Instruction instruction)
    {
        instruction.MemoryBase = mode == CodeMode.Long ? Register.RIP : Register.None;
        instruction.MemoryDisplSize = mode switch { CodeMode.Long => 8, CodeMode.Protected32 => 4, _ => 2 };
        instruction.MemoryDisplacement64 = Absolute();
    }

    private ulong Absolute() =>
        (mode == CodeMode.Protected16 ? 0 : MemoryLayout.Data.Address) + WindowStart + (ulong)(random.Below(0x1A0) * 32) + (ulong)(random.Chance(15) ? 31 : 0);
}
