namespace Hearth.Cpu.Software;

/// <summary>A run of guest instructions in one page, translated for one mode.</summary>
internal sealed unsafe class TranslatedBlock
{
    public const ulong NoPage = ulong.MaxValue;

    /// <summary>Guest-physical address of the first byte.</summary>
    public required ulong Physical { get; init; }

    /// <summary>Guest bytes it was made from.</summary>
    public required int Length { get; init; }

    public required ModeFlags Mode { get; init; }

    /// <summary>The physical page its only instruction runs over into, or <see cref="NoPage"/>.</summary>
    public required ulong SecondPage { get; init; }

    /// <summary>Entered with the instruction pointer in R14. Aligned to 16.</summary>
    public required byte* FarEntry { get; init; }

    /// <summary>Entered from within the page by a jump that does not go ahead: looks for a kick.</summary>
    public required byte* CheckedEntry { get; init; }

    /// <summary>The first instruction; <see cref="VcpuState.PageRip"/> is set.</summary>
    public required byte* NearEntry { get; init; }

    /// <summary>Bytes from the far entry to the end of what belongs to it.</summary>
    public int CodeLength { get; init; }

    /// <summary>What has to be changed when the code lies elsewhere (<see cref="Relocation.Pack"/>); null when it cannot be kept for another run.</summary>
    public uint[]? Relocations { get; init; }

    /// <summary>The guest's code it was made from, where <see cref="Relocations"/> are kept.</summary>
    public byte[]? Bytes { get; init; }

    /// <summary>What <see cref="Kill"/> has written over.</summary>
    public ulong FirstCode { get; private set; }

    /// <summary>Jumps patched to enter this block, with the stubs they led to before; protected by the code cache's lock.</summary>
    public List<(nint Jump, nint Stub)> Incoming { get; } = [];

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
        FirstCode = start;
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
