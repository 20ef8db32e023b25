using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Hearth.Bench.Cpu;
using Hearth.Guests;

namespace Hearth.Bench.Save;

/// <summary>Saves and restores the same guests by Hearth's supervisor with the software engine and by QEMU TCG, in turn.</summary>
internal static class SaveBench
{
    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    /// <returns>The exit code: not zero when something could not be measured. A goal that is missed is no failure.</returns>
    /// <exception cref="GuestsException">Something is missing.</exception>
    public static int Run(SaveBenchOptions options)
    {
        IReadOnlyList<ISaveRow> rows = options.Select();
        if (options.JsonFile is not null)
            BenchOption.CheckFile(options.JsonFile);
        if (options.AotProgram is { } program && !File.Exists(program))
            throw new GuestsException($"there is no {program}; `dotnet publish appliance/Hearth.Vm -c Release -p:PublishAot=true` makes one");
        if (options.WithQemu)
            _ = Contender.QemuPath;

        // Guests outlive their supervisor: whoever interrupts this must not leave them behind.
        using var interrupted = new CancellationTokenSource();
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
        string directory = Directory.CreateTempSubdirectory("hearth-bench-").FullName;
        try
        {
            var run = new SaveRun(new SaveAssets(directory), new SaveSeries(), directory, options.AotProgram, interrupted.Token);
            MeasureAll(rows, run, options);
            return Report(rows, run, options);
        }
        catch (OperationCanceledException error)
        {
            throw new GuestsException("the comparison was interrupted", error);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }

        void End(PosixSignalContext context)
        {
            context.Cancel = true;
            interrupted.Cancel();
        }
    }

    private static void MeasureAll(IReadOnlyList<ISaveRow> rows, SaveRun run, SaveBenchOptions options)
    {
        for (int round = 1; round <= options.Rounds; round++)
        {
            foreach (ISaveRow row in rows)
            {
                Measure(row, run, $"round {round} of {options.Rounds}: hearth, {row.Title}", row.MeasureHearth);
                if (options.WithQemu)
                    Measure(row, run, $"round {round} of {options.Rounds}: qemu, {row.Title}", row.MeasureQemu);
            }
        }
    }

    /// <summary>A row that fails does not take the others with it.</summary>
    private static void Measure(ISaveRow row, SaveRun run, string what, Action<SaveRun> measure)
    {
        long started = Stopwatch.GetTimestamp();
        try
        {
            measure(run);
        }
        catch (GuestsException error)
        {
            run.Series.Fail($"{what}: {error.Message}");
            Console.Error.WriteLine($"bench: {row.Title}: {error.Message}");
        }

        Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: {Stopwatch.GetElapsedTime(started).TotalSeconds:f1} s in all; load {BenchHost.Load():f1}"));
    }

    private static int Report(IReadOnlyList<ISaveRow> rows, SaveRun run, SaveBenchOptions options)
    {
        SaveFigure[] figures = [.. rows.SelectMany(row => row.Figures).Where(figure => run.AotProgram is not null || figure.Contender != SaveSeries.HearthAot)];
        var table = new SaveTable(figures, run.Series);
        Console.WriteLine($"medians where nothing else is said, of {options.Rounds} rounds; states on {run.Directory}");
        foreach (string line in table.Lines())
            Console.WriteLine(line);
        if (options.JsonFile is not null)
            BenchOption.WriteFile(options.JsonFile, Json(figures, table, run, options));
        foreach (string failure in run.Series.Failures)
            Console.Error.WriteLine($"bench: {failure}");
        return run.Series.Failures.Count == 0 ? 0 : 1;
    }

    private static string Json(SaveFigure[] figures, SaveTable table, SaveRun run, SaveBenchOptions options) => JsonSerializer.Serialize(
        new
        {
            Host = BenchHost.Read(run.Assets.KernelName, compiler: "none", options.WithQemu),
            Options = options,
            Figures = figures.Select(figure => new
            {
                figure.Name,
                figure.Unit,
                figure.Contender,
                Value = table.Of(figure),
                Qemu = table.OfQemu(figure),
                Ratio = table.Ratio(figure),
                Goal = figure.Goal?.ToString(),
                Holds = table.Holds(figure),
            }),
            Series = run.Series.All.Select(each => new { each.Series, each.Contender, each.Values }),
            run.Series.Failures,
        },
        s_json);
}
