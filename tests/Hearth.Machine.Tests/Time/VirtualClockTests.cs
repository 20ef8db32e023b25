using Hearth.Testing;

namespace Hearth.Machine.Tests.Time;

public sealed class VirtualClockTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    [Fact]
    public void Now_OfNewClock_StandsAtZero()
    {
        var time = new SteppedTime();
        using var clock = new VirtualClock(time);

        time.Step(1000);

        Assert.Equal(0, clock.Now);
        Assert.False(clock.IsRunning);
    }

    [Fact]
    public void Now_WhileRunning_FollowsTheHost()
    {
        var time = new SteppedTime();
        using var clock = new VirtualClock(time);
        clock.Start();

        time.Step(123_400);

        Assert.Equal(123_400, clock.Now);
    }

    [Fact]
    public void Now_AfterStop_StandsStillAndGoesOnWithoutTheGap()
    {
        var time = new SteppedTime();
        using var clock = new VirtualClock(time);
        clock.Start();
        time.Step(1000);
        clock.Stop();
        time.Step(50_000);
        long during = clock.Now;
        long gap = clock.Start();
        time.Step(300);

        Assert.Equal(1000, during);
        Assert.Equal(50_000, gap);
        Assert.Equal(1300, clock.Now);
    }

    [Fact]
    public void TotalStopped_AddsEveryStop()
    {
        var time = new SteppedTime();
        using var clock = new VirtualClock(time);
        time.Step(100);
        clock.Start();
        time.Step(1000);
        clock.Stop();
        time.Step(200);
        clock.Start();
        clock.Stop();
        time.Step(400);

        Assert.Equal(700, clock.TotalStopped);
    }

    [Fact]
    public void Start_OfRunningClock_ChangesNothing()
    {
        var time = new SteppedTime();
        using var clock = new VirtualClock(time);
        clock.Start();
        time.Step(1000);

        long gap = clock.Start();

        Assert.Equal(0, gap);
        Assert.Equal(1000, clock.Now);
    }

    [Fact]
    public void WallClock_WhileStopped_GoesOn()
    {
        var time = new SteppedTime();
        using var clock = new VirtualClock(time);
        DateTimeOffset before = clock.WallClock;

        time.Step(1_000_000);

        Assert.Equal(TimeSpan.FromMilliseconds(1), clock.WallClock - before);
    }

    [Fact]
    public void Set_OfRunningClock_Throws()
    {
        using var clock = new VirtualClock(new SteppedTime());
        clock.Start();

        Assert.Throws<InvalidOperationException>(() => clock.Set(5));
    }

    [Fact]
    public void Restore_OfSavedClock_TakesItsTime()
    {
        var time = new SteppedTime();
        using var clock = new VirtualClock(time);
        clock.Start();
        time.Step(777_000);
        clock.Stop();
        var writer = new StateWriter();
        clock.Save(writer);
        using var other = new VirtualClock(time);

        other.Restore(new StateReader("clock", writer.Written));

        Assert.Equal(777_000, other.Now);
    }

    [Fact]
    public void Timer_PastItsDeadline_FiresOnce()
    {
        using var clock = new VirtualClock(TimeProvider.System);
        using var fired = new SemaphoreSlim(0);
        using IClockTimer timer = clock.CreateTimer(() => fired.Release());
        clock.Start();
        timer.Arm(clock.Now + 2_000_000);

        bool first = fired.Wait(s_patience, TestContext.Current.CancellationToken);
        bool second = fired.Wait(20, TestContext.Current.CancellationToken);

        Assert.True(first);
        Assert.False(second);
    }

    [Fact]
    public void Timer_ArmedInThePast_FiresAtOnce()
    {
        using var clock = new VirtualClock(TimeProvider.System);
        using var fired = new SemaphoreSlim(0);
        using IClockTimer timer = clock.CreateTimer(() => fired.Release());
        clock.Start();

        timer.Arm(-5);

        Assert.True(fired.Wait(s_patience, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Timer_NeverFiresEarly()
    {
        using var clock = new VirtualClock(TimeProvider.System);
        using var fired = new SemaphoreSlim(0);
        long seen = 0;
        using IClockTimer timer = clock.CreateTimer(() =>
        {
            seen = clock.Now;
            fired.Release();
        });
        clock.Start();
        long deadline = clock.Now + 3_300_000;

        timer.Arm(deadline);
        fired.Wait(s_patience, TestContext.Current.CancellationToken);

        Assert.InRange(seen, deadline, long.MaxValue);
    }

    [Fact]
    public void Timer_Disarmed_DoesNotFire()
    {
        using var clock = new VirtualClock(TimeProvider.System);
        using var fired = new SemaphoreSlim(0);
        using IClockTimer timer = clock.CreateTimer(() => fired.Release());
        clock.Start();
        timer.Arm(clock.Now + 30_000_000);

        timer.Disarm();

        Assert.False(fired.Wait(60, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Timer_OfStoppedClock_WaitsForStart()
    {
        using var clock = new VirtualClock(TimeProvider.System);
        using var fired = new SemaphoreSlim(0);
        using IClockTimer timer = clock.CreateTimer(() => fired.Release());
        timer.Arm(0);

        bool early = fired.Wait(30, TestContext.Current.CancellationToken);
        clock.Start();
        bool late = fired.Wait(s_patience, TestContext.Current.CancellationToken);

        Assert.False(early);
        Assert.True(late);
    }

    [Fact]
    public void Timer_ArmedEarlierWhileTheThreadSleeps_WakesIt()
    {
        using var clock = new VirtualClock(TimeProvider.System);
        using var fired = new SemaphoreSlim(0);
        using IClockTimer far = clock.CreateTimer(() => { });
        using IClockTimer near = clock.CreateTimer(() => fired.Release());
        clock.Start();
        far.Arm(clock.Now + 3_600_000_000_000);
        Thread.Sleep(20);

        near.Arm(clock.Now + 1_000_000);

        Assert.True(fired.Wait(s_patience, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Callback_ThatArmsItself_RepeatsUntilStopReturns()
    {
        using var clock = new VirtualClock(TimeProvider.System);
        int count = 0;
        IClockTimer? timer = null;
        using IClockTimer created = clock.CreateTimer(() =>
        {
            count++;
            timer!.Arm(clock.Now + 100_000);
        });
        timer = created;
        clock.Start();
        timer.Arm(0);
        SpinWait.SpinUntil(() => Volatile.Read(ref count) > 20, s_patience);

        clock.Stop();
        int atStop = count;
        Thread.Sleep(20);

        Assert.InRange(atStop, 21, int.MaxValue);
        Assert.Equal(atStop, count);
    }

    [Fact]
    public void Timers_OfManyDeadlines_FireInOrder()
    {
        var time = new SteppedTime();
        using var clock = new VirtualClock(time);
        using var done = new CountdownEvent(100);
        var order = new List<int>();
        var random = new Random(1);
        foreach (int deadline in Enumerable.Range(0, 100).OrderBy(_ => random.Next()).ToArray())
        {
            IClockTimer timer = clock.CreateTimer(() =>
            {
                order.Add(deadline);
                done.Signal();
            });
            timer.Arm(long.MaxValue);
            timer.Arm(deadline);
        }

        time.Step(1000);
        clock.Set(1000);
        clock.Start();
        done.Wait(s_patience, TestContext.Current.CancellationToken);

        Assert.Equal(Enumerable.Range(0, 100), order);
    }

    [Fact]
    public void Arm_OfExistingTimers_AllocatesNothing()
    {
        using var clock = new VirtualClock(new SteppedTime());
        IClockTimer[] timers = [.. Enumerable.Range(0, 40).Select(_ => clock.CreateTimer(() => { }))];
        clock.Start();

        long allocated = Allocations.Of(() => ArmAll(timers));

        Assert.Equal(0, allocated);
    }

    [Fact]
    public void Thread_WithADistantDeadline_ParksOnceForAllOfIt()
    {
        var parker = new CountingParker();
        using var clock = new VirtualClock(new SteppedTime(), parker);
        using IClockTimer timer = clock.CreateTimer(() => { });
        timer.Arm(10_000_000_000);
        clock.Start();

        bool parked = SpinWait.SpinUntil(() => parker.LastWait == 10_000_000_000, s_patience);
        int parks = parker.Parks;
        Thread.Sleep(30);

        Assert.True(parked);
        Assert.Equal(parks, parker.Parks);
    }

    [Fact]
    public void Arm_AfterDispose_TouchesTheParkerNoMore()
    {
        var parker = new CountingParker();
        var clock = new VirtualClock(new SteppedTime(), parker);
        IClockTimer timer = clock.CreateTimer(() => { });
        clock.Start();
        clock.Dispose();
        int unparks = parker.Unparks;

        timer.Arm(1);
        clock.Dispose();

        Assert.Equal(unparks, parker.Unparks);
    }

    private static void ArmAll(IClockTimer[] timers)
    {
        for (int i = 0; i < 1000; i++)
        {
            timers[i % timers.Length].Arm(1_000_000_000_000 + ((i * 7919) % 1000));
            timers[(i * 3) % timers.Length].Disarm();
        }
    }
}
