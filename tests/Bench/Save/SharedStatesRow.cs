using Hearth.Guests;
using Hearth.Running;

namespace Hearth.Bench.Save;

/// <summary>How much less the states of a second and a third guest take than that of the first, when all boot the same kernel and initramfs. QEMU's files share nothing.</summary>
internal sealed class SharedStatesRow : ISaveRow
{
    private const int Count = 3;
    private const double Megabyte = 1e6;
    private const string Ready = "ready";
    private static readonly TimeSpan s_boot = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan s_settle = TimeSpan.FromSeconds(3);

    public string Name => "shared";

    public string Title => Name;

    public IEnumerable<SaveFigure> Figures =>
    [
        new SaveFigure($"{Title} first", "MB", First),
        new SaveFigure($"{Title} each other", "MB", Other),
        new SaveFigure($"{Title} of three", "MB", Stored),
        new SaveFigure(Title, "%", Title) { Goal = new SaveGoal(50, IsLeast: true) },
    ];

    private string First => $"{Title} first";

    private string Other => $"{Title} other";

    /// <summary>On the disk, with all that the store keeps beside pages.</summary>
    private string Stored => $"{Title} stored";

    public void MeasureHearth(SaveRun run)
    {
        using var house = new HearthHouse(run);
        long[] bytes = [.. Enumerable.Range(1, Count).Select(number => SaveOne(run, house, number))];
        run.Series.Add(First, SaveSeries.Hearth, bytes[0] / Megabyte);
        foreach (long other in bytes[1..])
            run.Series.Add(Other, SaveSeries.Hearth, other / Megabyte);
        run.Series.Add(Stored, SaveSeries.Hearth, house.StatesLength / Megabyte);
        run.Series.Add(Title, SaveSeries.Hearth, SharedPercent(bytes));
    }

    public void MeasureQemu(SaveRun run)
    {
        // Its files would have to be compared with themselves.
    }

    /// <summary>What the others need less than the first, in percent.</summary>
    /// <param name="bytes">Of each guest's state, the first first.</param>
    internal static double SharedPercent(IReadOnlyList<long> bytes) => 100 * (1 - (bytes.Skip(1).Average() / bytes[0]));

    /// <exception cref="GuestsException">It cannot be booted or saved.</exception>
    private static long SaveOne(SaveRun run, HearthHouse house, int number)
    {
        int guest = house.Add(run.Assets.Create("shared", MemoryAmount.OneGiB, $"echo {Ready}\nsleep 1000000") with { Name = FormattableString.Invariant($"shared-{number}") });
        using ConsoleWatch console = house.Watch(guest);
        house.Start(guest);
        console.WaitFor(Ready, s_boot, run.Cancellation);
        run.Wait(s_settle);
        SavedStateRecord record = house.Save(guest, stops: true);
        return record.NewBytes;
    }
}
