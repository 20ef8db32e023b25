namespace Hearth.Cpu.Software;

/// <summary>What a walk of the page tables found for the 4 KiB piece around a linear address.</summary>
internal struct PageTranslation
{
    /// <summary>The guest-physical address of the piece, 4 KiB aligned.</summary>
    public ulong Physical;

    /// <summary>The accessor the walk was made for may write (with CR0.WP taken into account).</summary>
    public bool Writable;

    /// <summary>The accessor the walk was made for may fetch (with NX and SMEP taken into account).</summary>
    public bool Executable;

    /// <summary>Every level has U/S set.</summary>
    public bool UserPage;

    /// <summary>The D bit is set: a write needs no further walk.</summary>
    public bool Dirty;

    /// <summary>The G bit counts (CR4.PGE) and is set.</summary>
    public bool Global;

    public PageScale Scale;
}
