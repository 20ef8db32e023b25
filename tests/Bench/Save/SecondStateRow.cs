namespace Hearth.Bench.Save;

/// <summary>How much the second state of a guest takes that hardly does anything, in percent of its memory.</summary>
internal sealed class SecondStateRow : ISaveRow
{
    private const string Ready = "ready";
    private static readonly MemoryAmount s_memory = MemoryAmount.OneGiB;
    private static readonly TimeSpan s_boot = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan s_between = TimeSpan.FromSeconds(5);

    public string Name => "second";

    public string Title => Name;

    public IEnumerable<SaveFigure> Figures =>
    [
        new SaveFigure($"{Title} first state", "%", First),
        new SaveFigure(Title, "%", Title) { Goal = new SaveGoal(5) },
    ];

    private string First => $"{Title} first state";

    public void MeasureHearth(SaveRun run)
    {
        using var house = new HearthHouse(run);
        int guest = house.Add(Create(run));
        using ConsoleWatch console = house.Watch(guest);
        house.Start(guest);
        console.WaitFor(Ready, s_boot, run.Cancellation);
        run.Wait(s_between);
        run.Series.Add(First, SaveSeries.Hearth, Percent(house.Save(guest).NewBytes));
        run.Wait(s_between);
        run.Series.Add(Title, SaveSeries.Hearth, Percent(house.Save(guest).NewBytes));
    }

    public void MeasureQemu(SaveRun run)
    {
        using var qemu = QemuGuest.Boot(Create(run), run);
        qemu.Console.WaitFor(Ready, s_boot, run.Cancellation);
        foreach (string series in (string[])[First, Title])
        {
            run.Wait(s_between);
            string file = Path.Combine(run.Directory, "qemu.state");
            _ = qemu.Execute("stop");
            qemu.Migrate(file);
            _ = qemu.Execute("cont");
            run.Series.Add(series, SaveSeries.Qemu, Percent(new FileInfo(file).Length));
            File.Delete(file);
        }
    }

    private static double Percent(long bytes) => 100.0 * bytes / s_memory.Bytes;

    private static SaveGuest Create(SaveRun run) => run.Assets.Create(
        "second", s_memory, $"mount -t tmpfs tmp /tmp\necho {Ready}\nwhile :; do date > /tmp/now; ps >> /tmp/seen; sleep 1; done");
}
