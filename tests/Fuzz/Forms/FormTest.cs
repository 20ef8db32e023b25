using Hearth.Fuzz.Generation;
using Hearth.Fuzz.State;
using Iced.Intel;

namespace Hearth.Fuzz.Forms;

/// <summary>One random test of one form.</summary>
internal sealed class FormTest
{
    private const int MaxTries = 40;
    private const int MaxInstructionLength = 15;

    private FormTest(TestProgram program, Instruction instruction, ulong memoryTarget)
    {
        Program = program;
        Instruction = instruction;
        MemoryTarget = memoryTarget;
    }

    public TestProgram Program { get; }

    public Instruction Instruction { get; }

    /// <summary>The linear address of its memory operand; 0 without one.</summary>
    public ulong MemoryTarget { get; }

    /// <summary>A comparer that knows what this instruction leaves undefined.</summary>
    public StateComparer CreateComparer()
    {
        Instruction instruction = Instruction;
        var comparer = new StateComparer
        {
            FaultAddressMask = UndefinedState.FaultAddressMask(instruction),
            Normalize = state => UndefinedState.NormalizeGatherMask(instruction, Program.State.Rip, state),
        };
        foreach ((int offset, int length) in UndefinedState.Memory(Instruction))
            comparer.IgnoredMemory.Add((MemoryTarget + (ulong)offset, length));
        return comparer;
    }

    /// <summary>Makes the test that belongs to a seed.</summary>
    /// <returns>Null when the form cannot be encoded with any operands.</returns>
    public static FormTest? Create(Form form, ulong seed)
    {
        var random = new SeededRandom(seed);
        var program = new TestProgram(form.Mode);
        for (int i = 0; i < MaxTries; i++)
        {
            RandomState.Fill(program, random);
            program.SetCode([], ChooseOffset(random));
            var memory = new MemoryOperand(program, random);
            Instruction instruction = new OperandBuilder(form, program, memory, random).Build();
            if (!TryEncode(form, instruction, program.State.Rip, out byte[] code))
                continue;
            byte[] wipe = Canonicalizer.After(instruction, form);
            program.SetCode([.. code, .. wipe], program.CodeOffset);
            if (wipe.Length != 0)
                program.State.Rflags &= ~RandomState.Trap;
            ImplicitOperands.Prepare(instruction, program, memory.Target, random);
            return new FormTest(program, instruction, memory.Target);
        }

        return null;
    }

    /// <summary>Mostly in the middle of a page; sometimes the instruction straddles two.</summary>
    private static int ChooseOffset(SeededRandom random) =>
        random.Chance(12) ? MemoryLayout.PageSize - random.Between(1, MaxInstructionLength) : 0x100 + random.Below(0xC00);

    private static bool TryEncode(Form form, in Instruction instruction, ulong rip, out byte[] code)
    {
        var writer = new ByteWriter();
        Encoder encoder = Encoder.Create(form.Bitness, writer);
        bool encoded = encoder.TryEncode(instruction, rip, out _, out _);
        code = writer.ToArray();
        return encoded && code.Length <= MaxInstructionLength + (form.Encoding.Fwait ? 1 : 0);
    }
}
