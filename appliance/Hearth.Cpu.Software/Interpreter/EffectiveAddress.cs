using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>Where the memory operand of an instruction lies within its segment (Intel SDM Vol. 1, section 3.7.5).</summary>
internal static unsafe class EffectiveAddress
{
    /// <summary>The address size in bytes: 2, 4 or 8.</summary>
    public static int Size(in Instruction instruction)
    {
        Register register = instruction.MemoryBase;
        if (register == Register.None && instruction.MemoryIndex < Register.EIP)
            register = instruction.MemoryIndex;
        return register switch
        {
            >= Register.AX and <= Register.R15W => 2,
            (>= Register.EAX and <= Register.R15D) or Register.EIP => 4,
            (>= Register.RAX and <= Register.R15) or Register.RIP => 8,
            _ when instruction.MemoryDisplSize >= 2 => instruction.MemoryDisplSize,
            _ => instruction.CodeSize switch { CodeSize.Code16 => 2, CodeSize.Code32 => 4, _ => 8 },
        };
    }

    /// <summary>The offset of the operand, wrapped at the address size.</summary>
    public static ulong Offset(VcpuState* state, in Instruction instruction)
    {
        ulong offset = Base(state, instruction);
        if (instruction.MemoryIndex != Register.None)
            offset += OperandAccess.Read(state, instruction.MemoryIndex) * (ulong)instruction.MemoryIndexScale;
        return offset & OperandAccess.Mask(Size(instruction));
    }

    /// <summary>The offset of one element of a gather, wrapped at the address size.</summary>
    /// <param name="index">The sign-extended element of the vector index.</param>
    public static ulong ElementOffset(VcpuState* state, in Instruction instruction, long index) =>
        (Base(state, instruction) + ((ulong)index * (ulong)instruction.MemoryIndexScale)) & OperandAccess.Mask(Size(instruction));

    /// <summary>The segment of the operand. In 64-bit code only FS and GS can be chosen; the other prefixes do nothing.</summary>
    public static SegmentName Segment(VcpuState* state, in Instruction instruction)
    {
        Register segment = instruction.MemorySegment;
        if ((state->Mode & (uint)ModeFlags.Long) != 0 && instruction.SegmentPrefix is >= Register.ES and <= Register.DS)
        {
            segment = instruction.MemoryBase is Register.RSP or Register.RBP or Register.ESP or Register.EBP ? Register.SS : Register.DS;
        }

        return (SegmentName)((segment - Register.ES) & 7);
    }

    private static ulong Base(VcpuState* state, in Instruction instruction)
    {
        ulong offset = instruction.MemoryDisplacement64;

        // The displacement of an address relative to RIP is the address itself already.
        if (instruction.MemoryBase is not (Register.None or Register.RIP or Register.EIP))
            offset += OperandAccess.Read(state, instruction.MemoryBase);
        return offset;
    }
}
