using System.Runtime.InteropServices;

namespace Hearth.Cpu.Software;

/// <summary>The translated blocks of a machine by physical address and mode, and by page. The owner's lock protects it.</summary>
internal sealed class BlockTable
{
    private const int GranuleShift = 7;
    private const int FewestBuckets = 1024;

    /// <summary>The first block of each bucket; the others follow by <see cref="TranslatedBlock.NextInBucket"/>.</summary>
    private TranslatedBlock?[] _buckets = new TranslatedBlock?[FewestBuckets];
    private readonly Dictionary<ulong, CodePage> _pages = [];

    public int Count { get; private set; }

    /// <summary>The addresses of the pages that blocks lie in.</summary>
    public IReadOnlyCollection<ulong> Pages => _pages.Keys;

    public IEnumerable<TranslatedBlock> Blocks
    {
        get
        {
            foreach (TranslatedBlock? first in _buckets)
            {
                for (TranslatedBlock? block = first; block is not null; block = block.NextInBucket)
                    yield return block;
            }
        }
    }

    public bool TryGet(ulong physical, ModeFlags mode, out TranslatedBlock block)
    {
        TranslatedBlock? found = Bucket(physical, mode);
        while (found is not null && (found.Physical != physical || found.Mode != mode))
            found = found.NextInBucket;
        block = found!;
        return found is not null;
    }

    /// <summary>Adds a block where there is none of its address and mode.</summary>
    public void Add(TranslatedBlock block)
    {
        if (Count == _buckets.Length)
            Grow();
        ref TranslatedBlock? bucket = ref Bucket(block.Physical, block.Mode);
        block.NextInBucket = bucket;
        bucket = block;
        Count++;
        int first = (int)(block.Physical & 0xFFF);
        Page(block.Physical).Add(block, first, Math.Min(block.Length, 4096 - first));
        if (block.CrossesPage)
            Page(block.SecondPage).AddEnd(block, block.Length - (4096 - first));
    }

    public void Remove(TranslatedBlock block)
    {
        ref TranslatedBlock? bucket = ref Bucket(block.Physical, block.Mode);
        if (bucket == block)
        {
            bucket = block.NextInBucket;
        }
        else
        {
            TranslatedBlock before = bucket!;
            while (before.NextInBucket != block)
                before = before.NextInBucket!;
            before.NextInBucket = block.NextInBucket;
        }

        block.NextInBucket = null;
        Count--;
        RemoveFrom(block.Physical & ~0xFFFUL, block, isEnd: false);
        if (block.CrossesPage)
            RemoveFrom(block.SecondPage, block, isEnd: true);
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
        for (TranslatedBlock? block = page.First; block is not null; block = block.NextInPage)
        {
            if (block.Overlaps(physical, length))
                into.Add(block);
        }

        foreach (TranslatedBlock block in page.Ends)
        {
            if (block.Overlaps(physical, length))
                into.Add(block);
        }
    }

    public void Clear()
    {
        Array.Clear(_buckets);
        Count = 0;
        _pages.Clear();
    }

    private ref TranslatedBlock? Bucket(ulong physical, ModeFlags mode)
    {
        ulong hash = (physical ^ ((ulong)mode << 32)) * BlockIndex.HashFactor;
        return ref _buckets[(int)(hash >> 32) & (_buckets.Length - 1)];
    }

    private void Grow()
    {
        TranslatedBlock?[] old = _buckets;
        _buckets = new TranslatedBlock?[old.Length * 2];
        foreach (TranslatedBlock? first in old)
        {
            for (TranslatedBlock? block = first; block is not null;)
            {
                TranslatedBlock? next = block.NextInBucket;
                ref TranslatedBlock? bucket = ref Bucket(block.Physical, block.Mode);
                block.NextInBucket = bucket;
                bucket = block;
                block = next;
            }
        }
    }

    private CodePage Page(ulong physical)
    {
        ref CodePage? page = ref CollectionsMarshal.GetValueRefOrAddDefault(_pages, physical & ~0xFFFUL, out _);
        return page ??= new CodePage();
    }

    private void RemoveFrom(ulong pageAddress, TranslatedBlock block, bool isEnd)
    {
        if (!_pages.TryGetValue(pageAddress, out CodePage? page))
            return;
        page.Remove(block, isEnd);
        if (page.IsEmpty)
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
        private List<TranslatedBlock>? _ends;

        /// <summary>The first of the blocks that begin here; the others follow by <see cref="TranslatedBlock.NextInPage"/>.</summary>
        public TranslatedBlock? First { get; private set; }

        /// <summary>The blocks that begin in another page and end here.</summary>
        public ReadOnlySpan<TranslatedBlock> Ends => CollectionsMarshal.AsSpan(_ends);

        public bool IsEmpty => First is null && Ends.IsEmpty;

        /// <summary>One bit a granule that holds code, or held some since the page had its first block.</summary>
        public uint Granules { get; private set; }

        public void Add(TranslatedBlock block, int offset, int length)
        {
            block.NextInPage = First;
            First = block;
            Granules |= Mask(offset, length);
        }

        public void AddEnd(TranslatedBlock block, int length)
        {
            (_ends ??= []).Add(block);
            Granules |= Mask(0, length);
        }

        public void Remove(TranslatedBlock block, bool isEnd)
        {
            if (isEnd)
            {
                _ends?.Remove(block);
                return;
            }

            if (First == block)
            {
                First = block.NextInPage;
            }
            else
            {
                TranslatedBlock before = First!;
                while (before.NextInPage != block)
                    before = before.NextInPage!;
                before.NextInPage = block.NextInPage;
            }

            block.NextInPage = null;
        }
    }
}
