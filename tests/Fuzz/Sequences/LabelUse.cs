namespace Hearth.Fuzz.Sequences;

/// <summary>How an instruction refers to a place in its program.</summary>
internal enum LabelUse
{
    None,

    /// <summary>A near branch goes there.</summary>
    Branch,

    /// <summary>The displacement of the memory operand is its address.</summary>
    Displacement,

    /// <summary>As <see cref="Displacement"/>, but of the last byte of the instruction before: its immediate.</summary>
    ImmediateBefore,
}
