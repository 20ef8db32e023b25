namespace Hearth.Fuzz.State;

/// <summary>
/// The address space of a test program. What is not listed is unmapped, in particular the page after every area; all
/// addresses but <see cref="High"/> are within reach of 32-bit code and above any usual <c>vm.mmap_min_addr</c>.
/// </summary>
internal static class MemoryLayout
{
    public const int PageSize = 4096;

    public static MemoryArea Code { get; } = new("code", 0x40_0000, 0, 3 * PageSize, Writable: true, Executable: true);

    public static MemoryArea Data { get; } = new("data", 0x60_0000, 3 * PageSize, 4 * PageSize, Writable: true, Executable: false);

    /// <summary>Directly after <see cref="Data"/>, so that accesses cross from writable into read-only memory.</summary>
    public static MemoryArea ReadOnly { get; } =
        new("read-only", 0x60_4000, 7 * PageSize, PageSize, Writable: false, Executable: false);

    public static MemoryArea Stack { get; } = new("stack", 0x80_0000, 8 * PageSize, 2 * PageSize, Writable: true, Executable: false);

    /// <summary>Beyond 4 GiB.</summary>
    public static MemoryArea High { get; } =
        new("high", 0x5555_5555_4000, 10 * PageSize, 2 * PageSize, Writable: true, Executable: false);

    public static IReadOnlyList<MemoryArea> Areas { get; } = [Code, Data, ReadOnly, Stack, High];

    /// <summary>Bytes of the memory image: all areas, one after the other.</summary>
    public const int ImageLength = 12 * PageSize;

    /// <summary>The area that holds a linear address, or null.</summary>
    public static MemoryArea? Find(ulong address)
    {
        foreach (MemoryArea area in Areas)
        {
            if (area.Contains(address))
                return area;
        }

        return null;
    }
}
