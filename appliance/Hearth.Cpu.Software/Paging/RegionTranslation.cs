namespace Hearth.Cpu.Software;

/// <summary>What the upper levels of 4-level paging say of 2 MiB of user addresses: what <see cref="PageWalker.TryPeekRegion"/> found.</summary>
/// <param name="Base">The physical address of the page table; of the first byte, where a large page maps it all.</param>
/// <param name="Large">The entry that maps it all; 0 when there is a page table.</param>
/// <param name="Rights">R/W where every level above the page table has it, and XD where one of them has it.</param>
internal readonly record struct RegionTranslation(ulong Base, ulong Large, ulong Rights)
{
    public const int Shift = 21;
    public const int Pages = 512;

    /// <summary>The entry of a page, with the rights of the levels above taken into account; 0 when user code has not accessed the page or may not.</summary>
    /// <param name="entry">What stands in the page table; meaningless for a large page.</param>
    public ulong Effective(int page, ulong entry)
    {
        if (Large != 0)
            entry = (Large & ~PageTableEntry.Address) | (Base + ((ulong)page << 12));
        const ulong Needed = PageTableEntry.Present | PageTableEntry.User | PageTableEntry.Accessed;
        if ((entry & Needed) != Needed || (entry & PageTableEntry.BeyondWidth) != 0)
            return 0;
        return (entry & (Rights | ~PageTableEntry.Writable)) | (Rights & PageTableEntry.NoExecute);
    }
}
