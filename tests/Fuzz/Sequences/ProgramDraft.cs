using Hearth.Fuzz.Forms;
using Hearth.Fuzz.State;
using Iced.Intel;

namespace Hearth.Fuzz.Sequences;

/// <summary>A program as a list of instructions with labels, and the state it starts from.</summary>
internal sealed class ProgramDraft(CodeMode mode, int codeOffset)
{
    private const ulong LabelStride = 16;

    public TestProgram Program { get; } = new(mode);

    /// <summary>Sorted by <see cref="ProgramItem.Order"/>.</summary>
    public List<ProgramItem> Items { get; } = [];

    public int CodeOffset => codeOffset;

    /// <summary>16, 32 or 64.</summary>
    public int Bitness => mode switch { CodeMode.Long => 64, CodeMode.Protected32 => 32, _ => 16 };

    /// <summary>A copy that can be changed on its own.</summary>
    public ProgramDraft Clone()
    {
        var copy = new ProgramDraft(mode, codeOffset);
        copy.Items.AddRange(Items);
        copy.Program.State.CopyFrom(Program.State);
        Program.Memory.CopyTo(copy.Program.Memory, 0);
        return copy;
    }

    /// <summary>Encodes the items into the program's code area.</summary>
    /// <returns>False when they cannot be encoded, or leave the area.</returns>
    public bool TryAssemble()
    {
        Program.SetCode([], codeOffset);
        ulong start = Program.State.Rip;

        // Addresses of labels are known after a first pass; displacements keep their size in the second.
        if (!TryEncode(start, null, out _, out uint[] offsets) || !TryEncode(start, offsets, out byte[] code, out _))
            return false;
        if (codeOffset + code.Length > MemoryLayout.Code.Length)
            return false;
        Program.SetCode(code, codeOffset);
        return true;
    }

    private bool TryEncode(ulong start, uint[]? offsets, out byte[] code, out uint[] newOffsets)
    {
        var instructions = new Instruction[Items.Count + 1];
        for (int i = 0; i < Items.Count; i++)
            instructions[i] = Resolve(i, start, offsets);
        instructions[^1] = Instruction.Create(Code.Int3);
        instructions[^1].IP = (ulong)(Items.Count + 1) * LabelStride;

        var writer = new ByteWriter();
        var block = new InstructionBlock(writer, instructions, start);
        const BlockEncoderOptions Options = BlockEncoderOptions.ReturnNewInstructionOffsets;
        bool encoded = BlockEncoder.TryEncode(Bitness, block, out _, out BlockEncoderResult result, Options);
        code = writer.ToArray();
        newOffsets = encoded ? result.NewInstructionOffsets : [];
        return encoded && !newOffsets.Contains(uint.MaxValue);
    }

    /// <summary>An instruction with its label filled in; every item's address is its index times the stride until it is encoded.</summary>
    private Instruction Resolve(int index, ulong start, uint[]? offsets)
    {
        ProgramItem item = Items[index];
        Instruction instruction = item.Instruction;
        instruction.IP = (ulong)(index + 1) * LabelStride;
        if (item.Use == LabelUse.None)
            return instruction;
        int target = Items.FindIndex(other => other.Order >= item.Target);
        if (target < 0)
            target = Items.Count;
        if (item.Use == LabelUse.Branch)
        {
            ulong label = (ulong)(target + 1) * LabelStride;
            SetBranch(ref instruction, label);
            return instruction;
        }

        ulong address = start + (offsets is null ? 0 : offsets[target]);
        ulong displacement = address + (ulong)(long)item.Delta - (item.Use == LabelUse.ImmediateBefore ? 1UL : 0);
        instruction.MemoryDisplacement64 = mode switch
        {
            CodeMode.Long => displacement,
            CodeMode.Protected32 => (uint)displacement,
            _ => (ushort)displacement,
        };
        return instruction;
    }

    private static void SetBranch(ref Instruction instruction, ulong label)
    {
        switch (instruction.Op0Kind)
        {
            case OpKind.NearBranch64:
                instruction.NearBranch64 = label;
                break;
            case OpKind.NearBranch32:
                instruction.NearBranch32 = (uint)label;
                break;
            default:
                instruction.NearBranch16 = (ushort)label;
                break;
        }
    }
}
