namespace Hearth.Bench.Save;

/// <summary>The memory that a guest's process takes beyond the guest's RAM once it has booted and does nothing.</summary>
internal sealed class IdleMemoryRow : ISaveRow
{
    /// <summary>As <c>GuestRam</c> calls its file.</summary>
    private const string HearthRam = "hearth-ram";

    // As /proc has the file of a memory-backend-memfd.
    private const string QemuRam = "memory-backend-memfd";
    private const string Ready = "ready";
    private static readonly TimeSpan s_boot = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan s_settle = TimeSpan.FromSeconds(5);

    public string Name => "memory";

    public string Title => Name;

    public IEnumerable<SaveFigure> Figures =>
    [
        new SaveFigure(Title, "MiB", Title),
        new SaveFigure($"{Title} resident", "MiB", Resident),
        new SaveFigure($"{Title} aot", "MiB", Title) { Contender = SaveSeries.HearthAot, Goal = new SaveGoal(40) },
        new SaveFigure($"{Title} aot resident", "MiB", Resident) { Contender = SaveSeries.HearthAot },
    ];

    private string Resident => $"{Title} resident";

    public void MeasureHearth(SaveRun run)
    {
        foreach ((string contender, string? program) in run.Programs)
        {
            using var house = new HearthHouse(run);
            HearthHouse.Use(program);
            int guest = house.Add(Create(run));
            using ConsoleWatch console = house.Watch(guest);
            house.Start(guest);
            console.WaitFor(Ready, s_boot, run.Cancellation);
            run.Wait(s_settle);
            Add(run, contender, ProcessMemory.Read(house.ProcessOf(guest), HearthRam));
        }
    }

    public void MeasureQemu(SaveRun run)
    {
        using var qemu = QemuGuest.BootWithRamFile(Create(run), run);
        qemu.Console.WaitFor(Ready, s_boot, run.Cancellation);
        run.Wait(s_settle);
        Add(run, SaveSeries.Qemu, ProcessMemory.Read(qemu.ProcessId, QemuRam));
    }

    private void Add(SaveRun run, string contender, ProcessMemory memory)
    {
        run.Series.Add(Title, contender, memory.Proportional);
        run.Series.Add(Resident, contender, memory.Resident);
    }

    private static SaveGuest Create(SaveRun run) => run.Assets.Create("idle", MemoryAmount.OneGiB, $"echo {Ready}\nsleep 1000000");
}
