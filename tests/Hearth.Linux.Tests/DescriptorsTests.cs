using System.Diagnostics;

namespace Hearth.Linux.Tests;

public sealed class DescriptorsTests : IDisposable
{
    private readonly FileDescriptor _near;
    private readonly FileDescriptor _far;

    public DescriptorsTests() => (_near, _far) = FileDescriptor.CreateSocketPair();

    public void Dispose()
    {
        _near.Dispose();
        _far.Dispose();
    }

    [Fact]
    public void Waiting_forWhatDoesNotCome_endsWithItsTime() => Assert.False(Descriptors.WaitReadable(_near, TimeSpan.FromMilliseconds(5)));

    [Fact]
    public async Task Waiting_whileSignalsCome_endsWithItsTime()
    {
        TimeSpan limit = TimeSpan.FromMilliseconds(100);
        long start = Stopwatch.GetTimestamp();

        Assert.False(await WaitAmongSignals(limit));
        Assert.True(Stopwatch.GetElapsedTime(start) >= limit);
    }

    [Fact]
    public async Task Waiting_whileSignalsCome_goesOnUntilThereIsSomething()
    {
        Task<bool> waiting = WaitAmongSignals(TimeSpan.FromMinutes(1));

        Assert.NotSame(waiting, await Task.WhenAny(waiting, Task.Delay(100, TestContext.Current.CancellationToken)));
        _far.Write([1]);
        Assert.True(await waiting);
    }

    /// <summary>Waits on a thread of its own that is interrupted every millisecond.</summary>
    private Task<bool> WaitAmongSignals(TimeSpan limit)
    {
        var result = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var started = new ManualResetEventSlim();
        int thread = 0;
        var waiting = new Thread(() =>
        {
            thread = ThreadWaker.RegisterCurrent();
            started.Set();
            result.SetResult(Descriptors.WaitReadable(_near, limit));
        });
        waiting.Start();
        started.Wait();
        var waking = new Thread(() =>
        {
            while (!waiting.Join(1))
                ThreadWaker.Wake(thread);
        });
        waking.Start();
        return result.Task;
    }
}
