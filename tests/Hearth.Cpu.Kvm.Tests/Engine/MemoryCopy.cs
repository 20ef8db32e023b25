using Hearth.Machine;
using Hearth.Memory;

namespace Hearth.Cpu.Kvm.Tests.Engine;

/// <summary>A copy of guest RAM that is kept up by what a dirty tracker tells.</summary>
internal sealed class MemoryCopy : IDisposable
{
    private readonly GuestRam _ram;
    private readonly GuestRam _copy;
    private readonly PageSet _pages;
    private readonly byte[] _page = new byte[PageSet.PageSize];
    private readonly byte[] _other = new byte[PageSet.PageSize];

    public MemoryCopy(GuestRam ram)
    {
        _ram = ram;
        _copy = new GuestRam(ram.Length);
        _pages = ram.NewPageSet();
        foreach (ulong address in Addresses)
            Copy(address);
    }

    // There is no RAM above 3 GiB here: a page's number is that of its address.
    private IEnumerable<ulong> Addresses => _ram.Slots.SelectMany(slot => Enumerable.Range(0, (int)(slot.Length / PageSet.PageSize)).Select(page => slot.Start + ((ulong)page * PageSet.PageSize)));

    /// <returns>How many pages were told.</returns>
    public long Update(IDirtyTracker tracker)
    {
        _pages.Clear();
        tracker.Collect(_pages);
        for (long page = 0; _pages.TryFindRun(ref page, _pages.Length, 1, out _); page++)
            Copy((ulong)page * PageSet.PageSize);
        return _pages.Count;
    }

    public ulong[] PagesThatDiffer() => [.. Addresses.Where(Differs)];

    public void Dispose() => _copy.Dispose();

    private void Copy(ulong address)
    {
        Assert.True(_ram.TryRead(new GuestAddress(address), _page));
        Assert.True(_copy.TryWrite(new GuestAddress(address), _page));
    }

    private bool Differs(ulong address)
    {
        Assert.True(_ram.TryRead(new GuestAddress(address), _page));
        Assert.True(_copy.TryRead(new GuestAddress(address), _other));
        return !_page.AsSpan().SequenceEqual(_other);
    }
}
