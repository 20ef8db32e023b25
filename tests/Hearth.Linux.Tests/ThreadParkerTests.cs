using System.Diagnostics;
using Hearth.Linux;

namespace Hearth.Linux.Tests;

public sealed class ThreadParkerTests
{
    [Fact]
    public void Park_WithATime_EndsSoonAfterIt()
    {
        using var parker = new ThreadParker();
        long[] late = new long[200];
        for (int i = 0; i < late.Length; i++)
        {
            long before = Stopwatch.GetTimestamp();
            parker.Park(200_000);
            late[i] = (long)Stopwatch.GetElapsedTime(before).TotalNanoseconds - 200_000;
        }

        Array.Sort(late);

        // The median: a busy machine may keep a single wake-up waiting as long as it likes.
        Assert.InRange(late[late.Length / 2], 0, 20_000_000);
    }

    [Fact]
    public void Park_AfterUnpark_EndsAtOnce()
    {
        using var parker = new ThreadParker();
        parker.Unpark();
        parker.Unpark();
        long before = Stopwatch.GetTimestamp();

        parker.Park(long.MaxValue);
        parker.Park(1_000_000);

        Assert.InRange(Stopwatch.GetElapsedTime(before).TotalMilliseconds, 1, double.MaxValue);
    }

    [Fact]
    public void Unpark_OfASleepingThread_WakesIt()
    {
        using var parker = new ThreadParker();
        var thread = new Thread(() => parker.Park(long.MaxValue)) { IsBackground = true };
        thread.Start();
        Thread.Sleep(20);

        parker.Unpark();

        Assert.True(thread.Join(TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public void UnparkAndPark_FromTwoThreads_LoseNoWakeUp()
    {
        const int Rounds = 20_000;
        using var ping = new ThreadParker();
        using var pong = new ThreadParker();
        int turns = 0;
        var thread = new Thread(() =>
        {
            for (int i = 0; i < Rounds; i++)
            {
                while (Volatile.Read(ref turns) != (2 * i) + 1)
                    pong.Park(long.MaxValue);
                Interlocked.Increment(ref turns);
                ping.Unpark();
            }
        });
        thread.Start();

        for (int i = 0; i < Rounds; i++)
        {
            Interlocked.Increment(ref turns);
            pong.Unpark();
            while (Volatile.Read(ref turns) != (2 * i) + 2)
                ping.Park(long.MaxValue);
        }

        thread.Join();
        Assert.Equal(2 * Rounds, turns);
    }
}
