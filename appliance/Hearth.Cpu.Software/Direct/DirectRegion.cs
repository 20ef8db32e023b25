namespace Hearth.Cpu.Software;

/// <summary>What a process for user code has mapped of 2 MiB of the guest's addresses, and what the page table said when it was mapped.</summary>
internal sealed unsafe class DirectRegion
{
    private readonly ulong[] _entries = new ulong[RegionTranslation.Pages];
    private readonly ulong[] _mapped = new ulong[RegionTranslation.Pages];

    public RegionTranslation Translation { get; private set; }

    /// <summary>Pages that are mapped.</summary>
    public int Count { get; private set; }

    /// <summary>How many mappings the host needs for them: runs of pages that lie side by side in RAM and have the same rights.</summary>
    public int Runs { get; private set; }

    /// <summary>Physical address and, in the low bits, PROT_ rights of a page as it is mapped; 0 when it is not.</summary>
    public ulong Mapped(int page) => _mapped[page];

    /// <summary>The entry of a page with the rights of all levels, as of the last <see cref="Update"/>.</summary>
    public ulong Effective(int page) => Translation.Effective(page, _entries[page]);

    /// <summary>What is mapped may be other than what the page tables say; set by <see cref="Update"/>, cleared by who has looked.</summary>
    public bool IsUnchecked { get; set; }

    /// <summary>Takes note of what the page tables say now.</summary>
    /// <param name="table">The page table; null for a large page.</param>
    public void Update(in RegionTranslation translation, ulong* table)
    {
        IsUnchecked |= translation != Translation;
        Translation = translation;
        if (table is null)
            return;
        var entries = new ReadOnlySpan<ulong>(table, RegionTranslation.Pages);
        if (entries.SequenceEqual(_entries))
            return;
        entries.CopyTo(_entries);
        IsUnchecked = true;
    }

    public void Set(int page, ulong mapped)
    {
        if (_mapped[page] == mapped)
            return;
        Runs -= Joints(page);
        Count += (mapped != 0 ? 1 : 0) - (_mapped[page] != 0 ? 1 : 0);
        _mapped[page] = mapped;
        Runs += Joints(page);
    }

    /// <summary>What a page adds to the number of runs, its neighbours as they are.</summary>
    private int Joints(int page)
    {
        ulong own = _mapped[page];
        ulong before = page == 0 ? 0 : _mapped[page - 1];
        ulong after = page == RegionTranslation.Pages - 1 ? 0 : _mapped[page + 1];
        return Begins(before, own) + Begins(own, after);
    }

    private static int Begins(ulong before, ulong own) => own != 0 && (before == 0 || own != before + 4096) ? 1 : 0;
}
