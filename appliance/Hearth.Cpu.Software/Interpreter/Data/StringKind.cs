namespace Hearth.Cpu.Software;

/// <summary>What one iteration of a string instruction does.</summary>
internal enum StringKind : byte
{
    /// <summary>MOVS: memory to memory.</summary>
    Move,

    /// <summary>STOS: accumulator to memory.</summary>
    Store,

    /// <summary>LODS: memory to accumulator.</summary>
    Load,

    /// <summary>SCAS: accumulator compared with memory.</summary>
    Scan,

    /// <summary>CMPS: memory compared with memory.</summary>
    Compare,

    /// <summary>INS: port to memory.</summary>
    Input,

    /// <summary>OUTS: memory to port.</summary>
    Output,
}
