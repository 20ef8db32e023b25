using Iced.Intel;

namespace Hearth.Fuzz.Sequences;

/// <summary>One instruction of a program that is still being changed.</summary>
/// <param name="Order">Its place; places stay when other items are removed.</param>
/// <param name="Target">The place it refers to, or -1. When that item is gone, the next one that is left.</param>
/// <param name="Use">How it refers to the target.</param>
/// <param name="Delta">Added to the target's address.</param>
internal readonly record struct ProgramItem(Instruction Instruction, int Order, int Target = -1, LabelUse Use = LabelUse.None, int Delta = 0);
