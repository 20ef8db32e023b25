namespace Hearth.Fuzz.State;

/// <summary>A program with everything that decides how it runs. It ends with the first exception.</summary>
internal sealed class TestProgram
{
    private const byte Breakpoint = 0xCC;

    public TestProgram(CodeMode mode)
    {
        Mode = mode;
        State = ProcessorState.Initial(mode);
    }

    public CodeMode Mode { get; }

    public ProcessorState State { get; }

    /// <summary>The image of all areas; code that is not set is INT3.</summary>
    public byte[] Memory { get; } = new byte[MemoryLayout.ImageLength];

    /// <summary>Bytes into the code area where the program starts.</summary>
    public int CodeOffset { get; private set; }

    public int CodeLength { get; private set; }

    /// <summary>The linear address of the first instruction.</summary>
    public ulong Entry => MemoryLayout.Code.Address + (ulong)CodeOffset;

    public ReadOnlySpan<byte> Code => Memory.AsSpan(MemoryLayout.Code.Offset + CodeOffset, CodeLength);

    /// <summary>Fills the code area with INT3, puts the program there and points RIP at it.</summary>
    public void SetCode(ReadOnlySpan<byte> code, int offset)
    {
        Memory.AsSpan(MemoryLayout.Code.Offset, MemoryLayout.Code.Length).Fill(Breakpoint);
        code.CopyTo(Memory.AsSpan(MemoryLayout.Code.Offset + offset));
        (CodeOffset, CodeLength) = (offset, code.Length);
        State.Rip = Mode == CodeMode.Protected16 ? (ulong)offset : Entry;
    }

    /// <summary>The bytes of memory at a linear address, to the end of its area; empty when unmapped.</summary>
    public Span<byte> At(ulong address) => MemoryLayout.Find(address) is { } area
        ? Memory.AsSpan(area.Offset + (int)(address - area.Address), (int)(area.End - address))
        : [];
}
