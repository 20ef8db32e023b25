using System.Runtime.InteropServices;

namespace Hearth.Cpu.Software;

/// <summary>The translated blocks of a machine by physical address and mode, and by page. The owner's lock protects it.</summary>
internal sealed class BlockTable
{
    private const int GranuleShift = 7;

    private readonly Dictionary<(ulong Physical, ModeFlags Mode), TranslatedBlock> _blocks = [];
    private readonly Dictionary<ulong, CodePage> _pages = [];

    public int Count => _blocks.Count;

    /// <summary>The addresses of the pages that blocks lie in.</summary>
    public IReadOnlyCollection<ulong> Pages => _pages.Keys;

    public IReadOnlyCollection<TranslatedBlock> Blocks => _blocks.Values;

    public bool TryGet(ulong physical, ModeFlags mode, out TranslatedBlock block) => _blocks.TryGetValue((physical, mode), out block!);

    public void Add(TranslatedBlock block)
    {
        _blocks[(block.Physical, block.Mode)] = block;
        int first = (int)(block.Physical & 0xFFF);
        Page(block.Physical).Add(block, first, Math.Min(block.Length, 4096 - first));
        if (block.CrossesPage)
            Page(block.SecondPage).Add(block, 0, block.Length - (4096 - first));
    }

    public void Remove(TranslatedBlock block)
    {
        if (_blocks.TryGetValue((block.Physical, block.Mode), out TranslatedBlock? current) && current == block)
            _blocks.Remove((block.Physical, block.Mode));
        RemoveFrom(block.Physical & ~0xFFFUL, block);
        if (block.CrossesPage)
            RemoveFrom(block.SecondPage, block);
    }

    /// <summary>True when code was translated from the 128-byte granules that a range within one page touches.</summary>
    public bool HasCode(ulong physical, int length) =>
        _pages.TryGetValue(physical & ~0xFFFUL, out CodePage? page) && (page.Granules & Mask((int)(physical & 0xFFF), length)) != 0;

    /// <summary>True when any block lies in a page.</summary>
    public bool HasPage(ulong page) => _pages.ContainsKey(page);

    /// <summary>Collects the blocks that were made from any byte of a range within one page.</summary>
    public void Overlapping(ulong physical, int length, List<TranslatedBlock> into)
    {
        if (!_pages.TryGetValue(physical & ~0xFFFUL, out CodePage? page))
            return;
        foreach (TranslatedBlock block in page.Blocks)
        {
            if (block.Overlaps(physical, length))
                into.Add(block);
        }
    }

    public void Clear()
    {
        _blocks.Clear();
        _pages.Clear();
    }

    private CodePage Page(ulong physical)
    {
        ref CodePage? page = ref CollectionsMarshal.GetValueRefOrAddDefault(_pages, physical & ~0xFFFUL, out _);
        return page ??= new CodePage();
    }

    private void RemoveFrom(ulong pageAddress, TranslatedBlock block)
    {
        if (!_pages.TryGetValue(pageAddress, out CodePage? page))
            return;
        page.Blocks.Remove(block);
        if (page.Blocks.Count == 0)
            _pages.Remove(pageAddress);
    }

    private static uint Mask(int offset, int length)
    {
        int first = offset >> GranuleShift;
        int last = (offset + Math.Max(length, 1) - 1) >> GranuleShift;
        return (uint)((ulong.MaxValue >> (63 - (last - first))) << first);
    }

    private sealed class CodePage
    {
        public List<TranslatedBlock> Blocks { get; } = [];

        /// <summary>One bit a granule that holds code, or held some since the page had its first block.</summary>
        public uint Granules { get; private set; }

        public void Add(TranslatedBlock block, int offset, int length)
        {
            Blocks.Add(block);
            Granules |= Mask(offset, length);
        }
    }
}
