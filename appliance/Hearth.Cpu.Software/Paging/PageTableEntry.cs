namespace Hearth.Cpu.Software;

/// <summary>The bits of paging-structure entries (Intel SDM Vol. 3, tables 4-2 to 4-20).</summary>
internal static class PageTableEntry
{
    public const ulong Present = 1 << 0;
    public const ulong Writable = 1 << 1;
    public const ulong User = 1 << 2;
    public const ulong Accessed = 1 << 5;
    public const ulong Dirty = 1 << 6;

    /// <summary>PS: this entry maps a page, not a table.</summary>
    public const ulong PageSize = 1 << 7;
    public const ulong Global = 1 << 8;
    public const ulong NoExecute = 1UL << 63;

    /// <summary>The address field of a 4 KiB-aligned entry at the models' physical width.</summary>
    public const ulong Address = ((1UL << CpuModel.PhysicalAddressBits) - 1) & ~0xFFFUL;

    /// <summary>Bits from the physical width to 51: reserved in every 8-byte entry.</summary>
    public const ulong BeyondWidth = ((1UL << 52) - 1) & ~((1UL << CpuModel.PhysicalAddressBits) - 1);
}
