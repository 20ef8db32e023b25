namespace Hearth.Cpu.Software;

/// <summary>A model-specific register that is kept as written and means nothing to the engine.</summary>
/// <remarks>A class, though it is small: lists of classes are compiled already when a guest's process starts.</remarks>
/// <param name="Writable">The bits that may differ from the initial value; any other bit raises #GP.</param>
/// <param name="Kind">What the bytes of a written value may be.</param>
internal sealed record PlainMsr(uint Index, ulong Initial, ulong Writable, PlainMsrKind Kind = PlainMsrKind.Bits);

/// <summary>What a <see cref="PlainMsr"/> accepts besides its writable bits.</summary>
internal enum PlainMsrKind
{
    Bits,

    /// <summary>Eight memory types of MTRRs.</summary>
    MemoryTypes,

    /// <summary>A memory type in the low byte.</summary>
    MemoryType,
}
