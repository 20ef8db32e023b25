using System.Numerics;

namespace Hearth.Machine;

/// <summary>A set of pages of guest RAM, a bit for each. Pages are numbered in the order of the memory file, without gaps between the slots of RAM.</summary>
public sealed class PageSet
{
    /// <summary>Bytes of a page.</summary>
    public const int PageSize = 4096;

    private const int WordBits = 64;

    private readonly ulong[] _words;

    /// <param name="length">How many pages there are; the set is empty.</param>
    public PageSet(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        Length = length;
        _words = new ulong[(length + WordBits - 1) / WordBits];
    }

    /// <summary>How many pages there are, in the set or not.</summary>
    public long Length { get; }

    /// <summary>The bits, page 0 in the lowest of the first word. Those past <see cref="Length"/> stay clear.</summary>
    public Span<ulong> Words => _words;

    /// <summary>How many pages are in the set.</summary>
    public long Count
    {
        get
        {
            long count = 0;
            foreach (ulong word in _words)
                count += BitOperations.PopCount(word);
            return count;
        }
    }

    public bool Contains(long page) => (_words[page / WordBits] & (1UL << (int)(page % WordBits))) != 0;

    public void Add(long page)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(page, Length);
        _words[page / WordBits] |= 1UL << (int)(page % WordBits);
    }

    public void Clear() => Array.Clear(_words);

    /// <summary>Finds the first pages in a row that are in the set.</summary>
    /// <param name="page">Where to look from on; becomes the first page of the row.</param>
    /// <param name="end">The first page that does not count.</param>
    /// <param name="longest">At most so many pages, at least 1.</param>
    /// <param name="length">Pages in the row.</param>
    /// <returns>False when there is none.</returns>
    public bool TryFindRun(ref long page, long end, int longest, out int length)
    {
        length = 0;
        while (page < end && !Contains(page))
        {
            ulong later = _words[page / WordBits] >> (int)(page % WordBits);
            page = later == 0 ? (page | (WordBits - 1)) + 1 : page + BitOperations.TrailingZeroCount(later);
        }

        while (length < longest && page + length < end && Contains(page + length))
            length++;
        return length != 0;
    }
}
