using Hearth.Fuzz.Generation;
using Hearth.Fuzz.State;
using Iced.Intel;

namespace Hearth.Fuzz.Forms;

/// <summary>
/// Gives an instruction a memory operand in one of the ways its address size allows, and gives the registers of the address
/// the values that make it point to a chosen target.
/// </summary>
internal sealed class MemoryOperand(TestProgram program, SeededRandom random) : IMemoryOperands
{
    private static readonly (Register Base, Register Index)[] s_pairs16 =
    [
        (Register.BX, Register.SI), (Register.BX, Register.DI), (Register.BP, Register.SI), (Register.BP, Register.DI),
        (Register.SI, Register.None), (Register.DI, Register.None), (Register.BP, Register.None), (Register.BX, Register.None),
        (Register.None, Register.None),
    ];

    /// <inheritdoc/>
    public ulong Target { get; private set; }

    /// <inheritdoc/>
    public void SetOffset(ref Instruction instruction)
    {
        int size = AddressSize();
        ChooseSegment(ref instruction);
        instruction.MemoryDisplSize = size / 8;
        instruction.MemoryDisplacement64 = Truncate(ChooseOffset(instruction), size);
    }

    /// <inheritdoc/>
    public void Set(ref Instruction instruction, Register vectorIndex, int vectorIndexSize)
    {
        int size = vectorIndex == Register.None ? AddressSize() : Math.Max(32, AddressSize());
        if (size == 16)
        {
            Set16(ref instruction);
            return;
        }

        if (size == 64 && vectorIndex == Register.None && random.Chance(12))
        {
            SetRelative(ref instruction);
            return;
        }

        (Register first, int count) = size == 64 ? (Register.RAX, 16) : (Register.EAX, program.Mode == CodeMode.Long ? 16 : 8);
        Register baseRegister = random.Chance(90) ? first + random.Below(count) : Register.None;
        Register index = vectorIndex;
        if (index == Register.None && random.Chance(45))
            index = first + random.Below(count);
        if (index - first == 4)
            index = Register.None;
        instruction.MemoryBase = baseRegister;
        instruction.MemoryIndex = index;
        if (index != Register.None)
            instruction.MemoryIndexScale = 1 << random.Below(4);
        ChooseDisplacement(ref instruction, size);
        ChooseSegment(ref instruction);
        ulong offset = ChooseOffset(instruction);
        if (vectorIndex != Register.None)
            FillIndex(vectorIndex, vectorIndexSize);
        Solve(ref instruction, offset, size, vectorIndex != Register.None);
    }

    /// <inheritdoc/>
    public void Point(int register, ulong limit)
    {
        ulong offset = program.Mode == CodeMode.Protected16 ? AccessTarget.InSegment(limit, random) : AccessTarget.Flat(program.Mode, random);
        program.State.Registers[register] = offset;
        Target = offset;
    }

    private int AddressSize() => program.Mode switch
    {
        CodeMode.Long => random.Chance(12) ? 32 : 64,
        CodeMode.Protected32 => random.Chance(4) ? 16 : 32,
        _ => random.Chance(25) ? 32 : 16,
    };

    private void Set16(ref Instruction instruction)
    {
        (instruction.MemoryBase, instruction.MemoryIndex) = random.Pick<(Register, Register)>(s_pairs16);
        bool absolute = instruction.MemoryBase == Register.None;
        instruction.MemoryDisplSize = absolute ? 2 : random.Below(3);
        ulong displacement = instruction.MemoryDisplSize == 1 ? (ulong)random.Between(-128, 127) : (ulong)random.Between(0, 0xFFFF);
        instruction.MemoryDisplacement64 = instruction.MemoryDisplSize == 0 ? 0 : displacement & 0xFFFF;
        ChooseSegment(ref instruction);
        Solve(ref instruction, ChooseOffset(instruction), 16, vector: false);
    }

    private void SetRelative(ref Instruction instruction)
    {
        instruction.MemoryBase = Register.RIP;
        instruction.MemoryDisplSize = 8;
        ChooseSegment(ref instruction);
        instruction.MemoryDisplacement64 = ChooseOffset(instruction);
    }

    private void ChooseDisplacement(ref Instruction instruction, int size)
    {
        int full = size == 64 ? 8 : 4;
        instruction.MemoryDisplSize = instruction.MemoryBase == Register.None ? full : random.Below(3) switch { 0 => 0, 1 => 1, _ => full };
        ulong displacement = instruction.MemoryDisplSize switch
        {
            0 => 0,
            1 => (ulong)random.Between(-128, 127),
            _ => (ulong)(int)random.Next(),
        };
        instruction.MemoryDisplacement64 = Truncate(displacement, size);
    }

    private void ChooseSegment(ref Instruction instruction)
    {
        bool isLong = program.Mode == CodeMode.Long;
        if (!random.Chance(isLong ? 10 : 15))
            return;

        // A write through CS is #GP, which is wanted, too. ES and DS have no effect in 64-bit code.
        instruction.SegmentPrefix = isLong && random.Chance(85) ? Register.FS + random.Below(2) : Register.ES + random.Below(6);
    }

    /// <summary>The offset in the segment that the access is to have.</summary>
    private ulong ChooseOffset(in Instruction instruction)
    {
        if (program.Mode == CodeMode.Protected16)
        {
            int segment = instruction.MemorySegment - Register.ES;
            ulong limit = segment switch { 1 => (ulong)MemoryLayout.Code.Length, 2 => (ulong)MemoryLayout.Stack.Length, _ => (ulong)MemoryLayout.Data.Length };
            ulong offset = AccessTarget.InSegment(limit - 1, random);
            Target = offset + (segment switch { 1 => MemoryLayout.Code.Address, 2 => MemoryLayout.Stack.Address, _ => MemoryLayout.Data.Address });
            return offset;
        }

        Target = AccessTarget.Flat(program.Mode, random);
        ulong segmentBase = program.Mode == CodeMode.Long
            ? instruction.MemorySegment switch { Register.FS => program.State.FsBase, Register.GS => program.State.GsBase, _ => 0 }
            : 0;

        // AMD's processors want the offset canonical, too, not only the sum.
        const ulong KernelHalf = 1UL << 47;
        if (segmentBase != 0 && Target >= KernelHalf)
            Target = MemoryLayout.Data.Address;
        return Target - segmentBase;
    }

    /// <summary>Chooses register values so that base + index × scale + displacement is the offset.</summary>
    private void Solve(ref Instruction instruction, ulong offset, int size, bool vector)
    {
        ulong displacement = instruction.MemoryDisplacement64;
        if (instruction.MemoryDisplSize == 1)
            displacement = (ulong)(sbyte)displacement;
        int baseNumber = instruction.MemoryBase == Register.None ? -1 : instruction.MemoryBase.GetNumber();
        int indexNumber = instruction.MemoryIndex == Register.None || vector ? -1 : instruction.MemoryIndex.GetNumber();
        ulong scale = (ulong)instruction.MemoryIndexScale;
        if (indexNumber >= 0 && indexNumber != baseNumber)
        {
            ulong value = random.Chance(60) ? (ulong)(long)random.Between(-64, 512) : random.Next();
            SetRegister(indexNumber, value, size);
            offset -= value * scale;
        }

        if (baseNumber >= 0)
        {
            ulong value = Truncate(offset - displacement, size);
            if (baseNumber == indexNumber)
            {
                Target -= value % (scale + 1);
                value /= scale + 1;
            }

            SetRegister(baseNumber, value, size);
        }
        else
        {
            instruction.MemoryDisplacement64 = Truncate(offset, size);
        }
    }

    /// <summary>Sets a register of an address; what lies above the address size does not count and is left to chance.</summary>
    private void SetRegister(int number, ulong value, int size)
    {
        ulong above = size == 64 ? 0 : random.Next() & ~Truncate(ulong.MaxValue, size);
        program.State.Registers[number] = RandomState.Narrow(program.Mode, Truncate(value, size) | above);
    }

    private void FillIndex(Register vector, int elementSize)
    {
        int number = vector.GetNumber();
        for (int i = 0; i < 32 / elementSize; i++)
        {
            long value = random.Chance(93) ? random.Between(-100, 400) : (long)random.Next();
            Span<byte> half = i * elementSize < 16 ? program.State.Xmm(number) : program.State.YmmHigh(number);
            BitConverter.GetBytes(value).AsSpan(0, elementSize).CopyTo(half[(i * elementSize % 16)..]);
        }
    }

    private static ulong Truncate(ulong value, int bits) => bits == 64 ? value : value & ((1UL << bits) - 1);
}
