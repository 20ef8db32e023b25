using System.Globalization;
using Hearth.Guests;

namespace Hearth.Bench.Cpu;

/// <summary>
/// Runs the same rows under several contenders in turn, so that what else the machine does hits all alike. Every time is taken by
/// the measured program itself around its work: neither boots nor consoles are in it.
/// </summary>
internal sealed class Comparison
{
    private readonly ComparisonOptions _options;
    private readonly GuestPrograms _programs;
    private readonly ScratchDirectories _scratch;
    private readonly BenchGuest _work;
    private readonly IReadOnlyList<BenchRow> _rows;

    /// <param name="classes">The rows that run when the options name none.</param>
    /// <exception cref="GuestsException">A program or package that is needed cannot be had.</exception>
    public Comparison(ComparisonOptions options, ScratchDirectories scratch, params string[] classes)
    {
        if (options.WithTcg && !Contender.HasQemu)
        {
            throw new GuestsException(
                "QEMU is not installed; --no-tcg leaves it out, and this installs it: apt-get install --no-install-recommends qemu-system-x86");
        }

        if (options.JsonFile is not null)
            BenchOption.CheckFile(options.JsonFile);
        _options = options;
        _scratch = scratch;
        _programs = GuestPrograms.Build();
        _rows = options.Select([.. _programs.Rows(), .. RealRow.All.Select(row => new BenchRow(row.Name, RealRow.Class))], classes);
        ProgramTree? real = _rows.Any(row => row.Class == RealRow.Class) ? ProgramTree.Create() : null;
        _work = new BenchGuest(_programs, real, _rows);
        Guest = _work.Create(options.Kernel, scratch.Disk);
    }

    /// <summary>The guest that runs the rows, with one processor.</summary>
    public GuestConfiguration Guest { get; }

    /// <summary>The rows on the host itself.</summary>
    /// <param name="options">Options of the measured programs.</param>
    public Contender Native(string name, params IEnumerable<string> options) => _work.Native(_scratch.Memory, options) with { Name = name };

    /// <summary>The rows under Hearth.</summary>
    public Contender Hearth(string name, int cpus = 1) => Contender.Hearth(Guest with { Cpus = cpus }, _options.HearthOptions) with { Name = name };

    /// <summary>The rows under QEMU TCG.</summary>
    public Contender Tcg(string name, int cpus = 1) => Contender.QemuTcg(Guest with { Cpus = cpus }) with { Name = name };

    /// <summary>Measures, prints the table and writes the JSON.</summary>
    /// <param name="notes">Further lines below the table, from the results.</param>
    /// <returns>The exit code: not zero when a row failed or contenders disagree on a checksum.</returns>
    public int Run(IReadOnlyList<Contender> contenders, IReadOnlyList<RatioColumn> ratios, Func<ResultSet, IEnumerable<string>> notes)
    {
        string[] names = [.. contenders.Select(contender => contender.Name)];
        var host = BenchHost.Read(Path.GetFileName(Guest.Kernel), _programs.Compiler, _options.WithTcg);
        var results = new ResultSet(_rows, names);
        string[] engine = Measure(contenders, results, out double load).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        RatioColumn[] shown = [.. ratios.Where(ratio => names.Contains(ratio.Contender) && names.Contains(ratio.Than))];

        foreach (string line in new ComparisonTable(results, shown).Lines().Concat(notes(results)))
            Console.WriteLine(line);
        if (load > host.Processors + 1)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"! other programs kept this machine busy: load {load:f1} on {host.Processors} processors"));
        }

        WriteEngine(engine);
        if (_options.JsonFile is not null)
            BenchOption.WriteFile(_options.JsonFile, ComparisonReport.Write(results, shown, host, _options, engine));

        IReadOnlyList<string> problems = results.Problems();
        foreach (string problem in problems)
            Console.Error.WriteLine($"bench: {problem}");
        return problems.Count == 0 ? 0 : 1;
    }

    /// <param name="load">The highest load of the machine after a run.</param>
    /// <returns>What Hearth wrote to standard error when it ran last.</returns>
    private string Measure(IReadOnlyList<Contender> contenders, ResultSet results, out double load)
    {
        string engine = "";
        load = 0;
        for (int round = 1; round <= _options.Rounds; round++)
        {
            foreach (Contender contender in contenders)
            {
                List<RowResult> measured = [];
                List<string> complaints = [];
                ConsoleRun run = ConsoleRun.Of(contender, (line, _) =>
                {
                    if (RowResult.Parse(line) is { } result)
                        measured.Add(result);
                    else if (RowResult.IsComplaint(line))
                        complaints.Add(line);
                });
                results.Add(contender.Name, measured, complaints.Count > 0 ? string.Join(", ", complaints) : $"{run.LastLine} {run.Errors}".Trim());
                if (contender.Program == Contender.HearthPath)
                    engine = run.Errors;
                load = Math.Max(load, BenchHost.Load());
                string ran = $"{contender.Name} ran {measured.Count} of {results.Rows.Count} rows";
                Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"round {round} of {_options.Rounds}: {ran} in {run.Elapsed.TotalSeconds:f1} s in all; load {BenchHost.Load():f1}"));
            }
        }

        return engine;
    }

    /// <summary>The engine's own account of its overhead, where an option of Hearth makes it give one.</summary>
    private static void WriteEngine(string[] engine)
    {
        if (engine.Length == 0)
            return;
        Console.WriteLine();
        Console.WriteLine("Hearth's engine, when it ran last:");
        foreach (string line in engine)
            Console.WriteLine("  " + line);
    }
}
