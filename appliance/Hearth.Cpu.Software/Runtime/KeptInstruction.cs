using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>Why generated code hands an instruction to C#.</summary>
internal enum KeptReason : byte
{
    Interpret,

    /// <summary>#UD.</summary>
    Undefined,

    /// <summary>Its register file is switched off: #NM or #UD, by the control registers.</summary>
    UnitUnavailable,
}

/// <summary>A decoded instruction that C# executes, kept so that it is decoded once. Its IP counts from the start of its page.</summary>
internal readonly record struct KeptInstruction(Instruction Instruction, KeptReason Reason, InstructionUnit Unit);
