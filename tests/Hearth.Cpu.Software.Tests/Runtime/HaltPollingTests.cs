using System.Diagnostics;

namespace Hearth.Cpu.Software.Tests.Runtime;

/// <summary>How long a halted vCPU stays awake.</summary>
public sealed class HaltPollingTests
{
    private static readonly long s_microsecond = Stopwatch.Frequency / 1_000_000;

    private readonly HaltPolling _polling = new();

    [Fact]
    public void A_guest_that_sleeps_long_is_not_waited_for()
    {
        for (int i = 0; i < 20; i++)
            _polling.Slept(50_000 * s_microsecond);

        Assert.Equal(0, _polling.Window);
    }

    [Fact]
    public void One_that_is_woken_soon_is_waited_for_a_while()
    {
        Assert.SkipWhen(Environment.ProcessorCount == 1, "this host has one processor");
        for (int i = 0; i < 20; i++)
            _polling.Slept(30 * s_microsecond);

        Assert.InRange(_polling.Window, 300 * s_microsecond, 1000 * s_microsecond);
        Assert.InRange(Waited(), _polling.Window, long.MaxValue);

        for (int i = 0; i < 20; i++)
            _polling.Slept(50_000 * s_microsecond);
        Assert.Equal(0, _polling.Window);
    }

    [Fact]
    public void A_request_that_is_there_ends_the_wait()
    {
        int requests = 1;

        Assert.True(_polling.TryWait(ref requests));
    }

    private long Waited()
    {
        int requests = 0;
        long start = Stopwatch.GetTimestamp();
        Assert.False(_polling.TryWait(ref requests));
        return Stopwatch.GetTimestamp() - start;
    }
}
