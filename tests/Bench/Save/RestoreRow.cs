using System.Diagnostics;
using Hearth.Running;

namespace Hearth.Bench.Save;

/// <summary>
/// How long a guest that was saved takes from when its process is started until it says something; and from the order, which has the supervisor look through the whole state first. The
/// page cache has its state, and the supervisor has restored one before.
/// </summary>
/// <remarks>The guest has filled two fifths of its memory and writes a character each millisecond. QEMU is given a state of a guest that ran, so that it lets it run without being told.</remarks>
internal sealed class RestoreRow(MemoryAmount memory) : ISaveRow
{
    private const int Restores = 5;
    private const double JitGoal = 150;
    private const double AotGoal = 60;
    private const string Ready = "ready";
    private static readonly TimeSpan s_boot = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan s_first = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_while = TimeSpan.FromMilliseconds(500);

    public string Name => "restore";

    public string Title => $"{Name}-{memory.Text}";

    public IEnumerable<SaveFigure> Figures =>
    [
        new SaveFigure(Title, "ms", Title) { Goal = GoalOf(JitGoal, "") },
        new SaveFigure(FromOrder, "ms", FromOrder),
        new SaveFigure($"{Title} aot", "ms", Title) { Contender = SaveSeries.HearthAot, Goal = GoalOf(AotGoal, " aot") },
        new SaveFigure($"{Title} aot from order", "ms", FromOrder) { Contender = SaveSeries.HearthAot },
    ];

    private string FromOrder => $"{Title} from order";

    /// <summary>Until the supervisor was done with the order.</summary>
    private string Returned => $"{Title} returned";

    public void MeasureHearth(SaveRun run)
    {
        using var house = new HearthHouse(run);
        int guest = house.Add(Create(run));
        SavedStateRecord state;
        using (ConsoleWatch console = house.Watch(guest))
        {
            house.Start(guest);
            console.WaitFor(Ready, s_boot, run.Cancellation);
            run.Wait(s_while);
            state = house.Save(guest, stops: true);
        }

        foreach ((string contender, string? program) in run.Programs)
        {
            HearthHouse.Use(program);
            Restore(run, house, guest, state, null);
        }

        for (int i = 0; i < Restores; i++)
        {
            foreach ((string contender, string? program) in run.Programs)
            {
                HearthHouse.Use(program);
                Restore(run, house, guest, state, contender);
            }
        }
    }

    public void MeasureQemu(SaveRun run)
    {
        SaveGuest guest = Create(run);
        string file = Path.Combine(run.Directory, "qemu.state");
        using (var qemu = QemuGuest.Boot(guest, run))
        {
            qemu.Console.WaitFor(Ready, s_boot, run.Cancellation);
            run.Wait(s_while);
            qemu.Migrate(file);
        }

        for (int i = 0; i < Restores; i++)
        {
            using var qemu = QemuGuest.Restore(guest, run, file);
            long first = qemu.Console.WaitForOutput(s_first, run.Cancellation);
            TimeSpan time = Stopwatch.GetElapsedTime(qemu.Started, first);
            run.Series.Add(Title, SaveSeries.Qemu, time.TotalMilliseconds);
        }

        File.Delete(file);
    }

    private SaveGoal GoalOf(double most, string form) =>
        memory.Bytes <= MemoryAmount.OneGiB.Bytes ? new SaveGoal(most) : new SaveGoal(1.5, Than: $"restore-{MemoryAmount.OneGiB.Text}{form}");

    /// <param name="contender">Null for a restore that does not count.</param>
    private void Restore(SaveRun run, HearthHouse house, int guest, SavedStateRecord state, string? contender)
    {
        using StartWatch start = house.WatchStart(guest);
        long started = Stopwatch.GetTimestamp();
        using ConsoleWatch console = house.Watch(guest);
        house.Restore(guest, state);
        long returned = Stopwatch.GetTimestamp();
        long first = console.WaitForOutput(s_first, run.Cancellation);
        if (contender is not null)
        {
            run.Series.Add(Title, contender, Stopwatch.GetElapsedTime(start.Started, first).TotalMilliseconds);
            run.Series.Add(FromOrder, contender, Stopwatch.GetElapsedTime(started, first).TotalMilliseconds);
            run.Series.Add(Returned, contender, Stopwatch.GetElapsedTime(started, returned).TotalMilliseconds);
        }

        run.Wait(s_while);
        house.Stop(guest);
    }

    // The shell itself waits and writes: to start a program each time would measure that.
    private SaveGuest Create(SaveRun run) => run.Assets.Create(
        Title,
        memory,
        $"""
        mount -t tmpfs -o size=95% tmp /tmp
        dd if=/dev/vdb of=/tmp/fill bs=1M iflag=direct 2> /dev/null
        mkfifo /run/never
        exec 3<> /run/never
        echo {Ready}
        while :; do read -t 0.001 -u 3 nothing; printf .; done
        """,
        memory.Bytes / 5 * 2 >> 20 << 20);
}
