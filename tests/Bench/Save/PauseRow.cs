using System.Diagnostics;
using Hearth.Running;

namespace Hearth.Bench.Save;

/// <summary>How long a busy guest stands still to be saved, how long it takes until the state is on stable storage, and how much that writes.</summary>
/// <remarks>
/// The guest fills two fifths of its memory from a disk, then overwrites random places of it with what is new and with copies, computes checksums, writes to a disk and waits for it, and says a line each 10 ms.
/// QEMU stops it, migrates it to a file and lets it go on. Its file is brought to stable storage as Hearth's states are, and that counts in the total time alone.
/// </remarks>
internal sealed class PauseRow(MemoryAmount memory) : ISaveRow
{
    private const int Checkpoints = 10;
    private const int Migrations = 3;
    private const double Megabyte = 1e6;
    private const string Filled = "memory is full";
    private static readonly TimeSpan s_boot = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan s_between = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_recovery = TimeSpan.FromMilliseconds(200);

    private readonly long _fill = FillOf(memory);

    public string Name => "pause-busy";

    public string Title => $"{Name}-{memory.Text}";

    public IEnumerable<SaveFigure> Figures
    {
        get
        {
            SaveGoal goal = memory.Bytes <= MemoryAmount.OneGiB.Bytes ? new SaveGoal(10) : new SaveGoal(1.5, Than: $"pause-busy-{MemoryAmount.OneGiB.Text} p95");
            yield return new SaveFigure($"{Title} median", "ms", Pause);
            yield return new SaveFigure($"{Title} p95", "ms", Pause) { Quantile = 0.95, Goal = goal };
            yield return new SaveFigure($"{Title} max", "ms", Pause) { Quantile = 1 };
            yield return new SaveFigure($"{Title} first", "ms", First);
            yield return new SaveFigure($"{Title} silence", "ms", Silence);
            yield return new SaveFigure($"{Title} else", "ms", UsualSilence);
            yield return new SaveFigure($"{Title} total", "s", Total);
            yield return new SaveFigure($"{Title} written", "MB", Written);
        }
    }

    /// <summary>What the guest stood still for, by the hypervisor's own clock.</summary>
    private string Pause => $"{Title} pause";

    /// <summary>The same, of the first state, which has all of memory.</summary>
    private string First => $"{Title} first pause";

    /// <summary>The longest silence of the console from the order until the state is on stable storage: what somebody at the guest sees of it.</summary>
    private string Silence => $"{Title} silence";

    /// <summary>The longest silence in as good as a second without a save.</summary>
    private string UsualSilence => $"{Title} usual silence";

    private string Total => $"{Title} total";

    private string Written => $"{Title} written";

    public void MeasureHearth(SaveRun run)
    {
        using var house = new HearthHouse(run);
        int guest = house.Add(Create(run));
        using ConsoleWatch console = house.Watch(guest);
        house.Start(guest);
        console.WaitFor(Filled, s_boot, run.Cancellation);
        run.Wait(s_between);
        run.Series.Add(First, SaveSeries.Hearth, house.Save(guest).Pause.TotalMilliseconds);
        for (int i = 0; i < Checkpoints; i++)
        {
            Rest(run, console, SaveSeries.Hearth);
            long started = Stopwatch.GetTimestamp();
            SavedStateRecord record = house.Save(guest);
            Add(run, SaveSeries.Hearth, record.Pause, console, started, record.NewBytes);
        }
    }

    public void MeasureQemu(SaveRun run)
    {
        using var qemu = QemuGuest.Boot(Create(run), run);
        string file = Path.Combine(run.Directory, "qemu.state");
        qemu.Console.WaitFor(Filled, s_boot, run.Cancellation);
        for (int i = 0; i < Migrations; i++)
        {
            Rest(run, qemu.Console, SaveSeries.Qemu);
            long started = Stopwatch.GetTimestamp();
            _ = qemu.Execute("stop");
            qemu.Migrate(file);
            TimeSpan pause = Stopwatch.GetElapsedTime(started);
            _ = qemu.Execute("cont");
            using (FileStream written = File.OpenWrite(file))
                written.Flush(flushToDisk: true);
            Add(run, SaveSeries.Qemu, pause, qemu.Console, started, new FileInfo(file).Length);
            if (i == 0)
                run.Series.Add(First, SaveSeries.Qemu, pause.TotalMilliseconds);
        }

        File.Delete(file);
    }

    /// <summary>Two fifths of the memory, in whole MiB.</summary>
    private static long FillOf(MemoryAmount memory) => memory.Bytes / 5 * 2 >> 20 << 20;

    private SaveGuest Create(SaveRun run) => run.Assets.Create(Title, memory, Script(), _fill);

    private void Rest(SaveRun run, ConsoleWatch console, string contender)
    {
        run.Wait(s_recovery);
        long started = Stopwatch.GetTimestamp();
        run.Wait(s_between - s_recovery);
        run.Series.Add(UsualSilence, contender, console.LongestSilence(started, Stopwatch.GetTimestamp()).TotalMilliseconds);
    }

    private void Add(SaveRun run, string contender, TimeSpan pause, ConsoleWatch console, long started, long bytes)
    {
        long ended = Stopwatch.GetTimestamp();
        run.Series.Add(Pause, contender, pause.TotalMilliseconds);
        run.Series.Add(Silence, contender, console.LongestSilence(started, ended).TotalMilliseconds);
        run.Series.Add(Total, contender, Stopwatch.GetElapsedTime(started, ended).TotalSeconds);
        run.Series.Add(Written, contender, bytes / Megabyte);
    }

    // A random place is one of as many as there are blocks of 64 KiB. The shell's RANDOM has 15 bits.
    private string Script() => FormattableString.Invariant($$"""
        mount -t tmpfs -o size=95% tmp /tmp
        dd if=/dev/vdb of=/tmp/fill bs=1M iflag=direct 2> /dev/null
        echo "{{Filled}}"
        place() { echo $(((RANDOM * 32768 + RANDOM) % {{(_fill >> 16) - 64}})); }
        while :; do dd if=/dev/urandom of=/tmp/fill bs=64k count=8 seek=$(place) conv=notrunc 2> /dev/null; done &
        while :; do dd if=/tmp/fill of=/tmp/fill bs=64k count=64 skip=$(place) seek=$(place) conv=notrunc 2> /dev/null; done &
        while :; do dd if=/tmp/fill bs=64k count=16 skip=$(place) 2> /dev/null | sha256sum > /tmp/sum; done &
        while :; do dd if=/tmp/fill of=/dev/vda bs=64k count=1 skip=$(place) seek=$((RANDOM % 1000)) conv=notrunc,fsync 2> /dev/null; done &
        n=0
        while :; do echo "line $n"; n=$((n + 1)); usleep 10000; done
        """);
}
