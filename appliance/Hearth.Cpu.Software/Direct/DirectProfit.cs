using System.Diagnostics;

namespace Hearth.Cpu.Software;

/// <summary>Whether running an address space directly saves more time than the ways there and back take; in <see cref="Stopwatch"/> ticks.</summary>
internal sealed class DirectProfit
{
    /// <summary>Ways there before a judgement.</summary>
    private const int Window = 16;
    private const int MaximumLevel = 4;

    /// <summary>To map a page and unmap it.</summary>
    private static readonly long s_page = Stopwatch.Frequency / 200_000;

    /// <summary>To go on with translated code, and to leave that again.</summary>
    private static readonly long s_translation = Stopwatch.Frequency / 500_000;

    /// <summary>The first time away; each further one is twice as long.</summary>
    private static readonly long s_away = Stopwatch.Frequency / 500;

    private long _inside;
    private long _outside;
    private int _ways;
    private int _level;
    private long _notBefore;

    /// <summary>The address space may come, or come again.</summary>
    public bool MayTry(long now) => now >= _notBefore;

    /// <summary>Takes account of one way there and back.</summary>
    /// <param name="change">What of the time inside is for the change to the process and back: see <see cref="DirectProcess.ChangeTime"/>.</param>
    /// <param name="inside">How long guest code ran.</param>
    /// <param name="mapping">How long it took to map pages: not a price of the way, since they stay, but see <paramref name="unmapped"/>.</param>
    /// <param name="unmapped">Pages that were unmapped: each has been mapped in vain, or will be mapped once more.</param>
    /// <param name="all">How long all of it took.</param>
    /// <returns>False when the address space should stay away for a while.</returns>
    public bool IsWorthIt(long inside, long change, long mapping, long unmapped, long all, long now)
    {
        long useful = Math.Max(inside - change, 0);
        _inside += useful;
        _outside += all - useful - mapping + (unmapped * s_page) + s_translation;
        if (++_ways < Window)
            return true;

        // Translated code would take two to four times as long.
        bool pays = 2 * _inside > _outside;
        (_inside, _outside, _ways) = (0, 0, 0);
        if (pays)
        {
            _level = Math.Max(_level - 1, 0);
            return true;
        }

        Postpone(now);
        return false;
    }

    /// <summary>Keeps the address space away for a while, longer each time.</summary>
    public void Postpone(long now)
    {
        _notBefore = now + (s_away << _level);
        _level = Math.Min(_level + 1, MaximumLevel);
    }
}
