using System.Runtime.CompilerServices;
using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>The end of an instruction that succeeded.</summary>
internal static unsafe class Completion
{
    /// <summary>Moves RIP to the next instruction; outside 64-bit code the instruction pointer has 32 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static StepResult Advance(VcpuState* state, in Instruction instruction)
    {
        state->Rip = (state->Mode & (uint)ModeFlags.Long) != 0 ? instruction.NextIP : (uint)instruction.NextIP;
        return StepResult.Continue;
    }
}
