namespace Hearth.Cpu.Software;

/// <summary>A run of guest instructions in one page, translated for one mode.</summary>
/// <remarks>A booted guest has tens of thousands of them: what only few have lies in <see cref="Details"/>.</remarks>
internal sealed unsafe class TranslatedBlock
{
    public const ulong NoPage = ulong.MaxValue;

    private readonly ushort _length;
    private readonly byte _checkedOffset;
    private readonly byte _nearOffset;

    /// <summary>Guest-physical address of the first byte.</summary>
    public required ulong Physical { get; init; }

    /// <summary>Guest bytes it was made from.</summary>
    public required int Length
    {
        get => _length;
        init => _length = checked((ushort)value);
    }

    public required ModeFlags Mode { get; init; }

    /// <summary>Entered with the instruction pointer in R14. Aligned to 16.</summary>
    public required byte* FarEntry { get; init; }

    /// <summary>Bytes from the far to the checked entry.</summary>
    public required int CheckedOffset
    {
        get => _checkedOffset;
        init => _checkedOffset = checked((byte)value);
    }

    /// <summary>Bytes from the far to the near entry.</summary>
    public required int NearOffset
    {
        get => _nearOffset;
        init => _nearOffset = checked((byte)value);
    }

    /// <summary>Entered from within the page by a jump that does not go ahead: looks for a kick.</summary>
    public byte* CheckedEntry => FarEntry + _checkedOffset;

    /// <summary>The first instruction; <see cref="VcpuState.PageRip"/> is set.</summary>
    public byte* NearEntry => FarEntry + _nearOffset;

    /// <summary>Bytes from the far entry to the end of what belongs to it.</summary>
    public int CodeLength { get; init; }

    /// <summary>Null for a block that lies in one page and cannot be kept for another run.</summary>
    public BlockDetails? Details { get; init; }

    /// <summary>The physical page its only instruction runs over into, or <see cref="NoPage"/>.</summary>
    public ulong SecondPage => Details?.SecondPage ?? NoPage;

    /// <summary>The first of the jumps patched to enter this block, in <see cref="JumpLinks"/>; protected by the code cache's lock.</summary>
    public int Incoming { get; set; }

    /// <summary>The next block in its bucket of the <see cref="BlockTable"/>, which owns this.</summary>
    public TranslatedBlock? NextInBucket { get; set; }

    /// <summary>The next block whose first byte is in the same page; the table's, too.</summary>
    public TranslatedBlock? NextInPage { get; set; }

    /// <summary>False once its bytes have changed; protected by the code cache's lock.</summary>
    public bool IsValid { get; set; } = true;

    /// <summary>
    /// Makes the far entry jump elsewhere, with one aligned store over its first instruction: a thread is either before it or
    /// past it.
    /// </summary>
    public void Kill(byte* dead)
    {
        const ulong JumpLength = 5;
        const ulong JumpOpcode = 0xE9;
        ref ulong start = ref *(ulong*)FarEntry;
        ulong distance = (uint)(dead - (FarEntry + JumpLength));
        if (Details is { } details)
            details.FirstCode = start;
        const ulong Rest = ~((1UL << (int)(JumpLength * 8)) - 1);
        Volatile.Write(ref start, (start & Rest) | (distance << 8) | JumpOpcode);
    }

    public bool CrossesPage => SecondPage != NoPage;

    public bool Overlaps(ulong start, int length)
    {
        int first = (int)(Physical & 0xFFF);
        int inPage = Math.Min(Length, 4096 - first);
        if (start < Physical + (ulong)inPage && Physical < start + (ulong)length)
            return true;
        return CrossesPage && start < SecondPage + (ulong)(Length - inPage) && SecondPage < start + (ulong)length;
    }
}
