using System.Diagnostics;

namespace Hearth.Linux.Tests;

public sealed class EventDescriptorTests
{
    [Fact]
    public void TryTake_signalledTwice_isUpOnce()
    {
        using var flag = new EventDescriptor();
        flag.Signal();
        flag.Signal();

        Assert.True(flag.TryTake());
        Assert.False(flag.TryTake());
    }

    [Fact]
    public void Wait_nobodySignals_lastsAsLongAsAsked()
    {
        using var flag = new EventDescriptor();
        long start = Stopwatch.GetTimestamp();

        flag.Wait(3_000_000);

        Assert.True(Stopwatch.GetElapsedTime(start) >= TimeSpan.FromMilliseconds(3));
    }

    [Fact]
    public void Wait_signalledBefore_returnsAtOnce()
    {
        using var flag = new EventDescriptor();
        flag.Signal();

        flag.Wait(long.MaxValue);

        Assert.True(flag.TryTake());
    }

    [Fact]
    public void WaitReadable_eventSignalled_tellsItFromTheFile()
    {
        (FileDescriptor near, FileDescriptor far) = FileDescriptor.CreateSocketPair();
        using var flag = new EventDescriptor();
        flag.Signal();

        (bool first, bool second) = Descriptors.WaitReadable(near, flag);

        Assert.False(first);
        Assert.True(second);
        near.Dispose();
        far.Dispose();
    }
}
