using Hearth.Testing;

namespace Hearth.Machine.Tests;

/// <summary>The measure of the tests that nothing is allocated: it sees an allocation, and nothing but that.</summary>
public sealed class AllocationsTests
{
    private object? _last;

    [Fact]
    public void Of_OneSmallObjectEachTime_SeesIt()
    {
        long allocated = Allocations.Of(() => _last = new object());

        Assert.Equal(24, allocated);
        Assert.NotNull(_last);
    }

    [Fact]
    public void Of_FirstRunsOnly_SeesNothing()
    {
        int runs = 0;

        long allocated = Allocations.Of(() =>
        {
            if (runs++ < 3)
                _last = new byte[1000];
        });

        Assert.Equal(0, allocated);
    }

    [Fact]
    public void Of_Preparation_IsNotMeasured()
    {
        long allocated = Allocations.Of(() => { }, prepare: () => _last = new byte[1000]);

        Assert.Equal(0, allocated);
    }

    [Fact]
    public void Of_NothingBesideBackgroundCollections_SeesNothing()
    {
        using var stop = new CancellationTokenSource();
        var noise = new Thread(() => AllocateUntil(stop.Token));
        noise.Start();

        long[] allocated = [.. Enumerable.Range(0, 50).Select(_ => Allocations.Of(() => Thread.SpinWait(10_000)))];

        stop.Cancel();
        noise.Join();
        Assert.All(allocated, bytes => Assert.Equal(0, bytes));
    }

    private static void AllocateUntil(CancellationToken stop)
    {
        object?[] kept = new object?[1000];
        for (int i = 0; !stop.IsCancellationRequested; i++)
        {
            kept[i % kept.Length] = new byte[i % 3000];
            if (i % 3000 == 0)
                GC.Collect(2, GCCollectionMode.Forced, blocking: false);
        }
    }
}
