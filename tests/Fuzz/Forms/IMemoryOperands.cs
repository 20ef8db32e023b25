using Iced.Intel;

namespace Hearth.Fuzz.Forms;

/// <summary>Decides how memory operands are addressed and where they point.</summary>
internal interface IMemoryOperands
{
    /// <summary>The linear address that the last operand points to, as far as it was in our hands; 0 without one.</summary>
    ulong Target { get; }

    /// <summary>A memory operand without registers: MOV AL, [moffs].</summary>
    void SetOffset(ref Instruction instruction);

    /// <summary>A ModR/M memory operand, or with <paramref name="vectorIndex"/> a VSIB one.</summary>
    /// <param name="vectorIndexSize">Bytes of an element of the index; 0 without one.</param>
    void Set(ref Instruction instruction, Register vectorIndex, int vectorIndexSize);

    /// <summary>Points a register that an instruction uses without naming it, such as RSI, somewhere interesting.</summary>
    /// <param name="register">By number.</param>
    /// <param name="limit">Of the segment, in 16-bit code.</param>
    void Point(int register, ulong limit);
}
