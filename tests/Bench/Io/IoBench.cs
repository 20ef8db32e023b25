using System.Globalization;
using System.Text.Json;
using Hearth.Bench.Cpu;
using Hearth.Guests;

namespace Hearth.Bench.Io;

/// <summary>
/// How fast a guest's devices are under Hearth and under QEMU TCG, in turn. The guest's program takes the times around its work, and both sides'
/// images lie in the host's page cache (QEMU's <c>cache=writeback</c>, which is what Hearth does).
/// </summary>
internal sealed class IoBench
{
    private const string Tmpfs = "/dev/shm";

    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    private readonly IoBenchOptions _options;
    private readonly IoImages _images;
    private readonly GuestConfiguration _guest;
    private readonly string _directory;
    private readonly bool _hasNetwork;

    private IoBench(IoBenchOptions options, IoImages images, GuestConfiguration guest, string directory, bool hasNetwork)
    {
        _options = options;
        _images = images;
        _guest = guest;
        _directory = directory;
        _hasNetwork = hasNetwork;
    }

    /// <returns>The exit code: not zero when a row failed or the sides disagree.</returns>
    /// <exception cref="GuestsException">Something is missing, or a guest fails.</exception>
    public static int Run(IoBenchOptions options)
    {
        IReadOnlyList<IoRow> rows = options.Select();
        if (options.JsonFile is not null)
            BenchOption.CheckFile(options.JsonFile);
        var programs = GuestPrograms.Build();
        using var scratch = new ScratchDirectories();
        using var images = new IoImages(options.Images ?? (Directory.Exists(Tmpfs) ? Tmpfs : scratch.Disk), rows);
        using var server = new IoServer();
        GuestConfiguration guest = IoGuest.Create(programs, rows, images, server.Port, scratch.Disk);
        var host = BenchHost.Read(Path.GetFileName(guest.Kernel), programs.Compiler, options.WithTcg);
        var bench = new IoBench(options, images, guest, scratch.Disk, rows.Any(row => row.Class == IoRow.Network));
        var results = new ResultSet([.. rows.Select(row => new BenchRow(row.Name, row.Class))], options.WithTcg ? [IoTable.Hearth, IoTable.Qemu] : [IoTable.Hearth]);
        for (int round = 1; round <= options.Rounds; round++)
            bench.MeasureAll(round, results);

        var table = new IoTable(rows, results);
        Console.WriteLine($"medians of {options.Rounds}; images in {options.Images ?? Tmpfs}, cache=writeback on both sides");
        foreach (string line in table.Lines())
            Console.WriteLine(line);
        if (options.JsonFile is not null)
            BenchOption.WriteFile(options.JsonFile, Json(rows, results, table, host, options));
        IReadOnlyList<string> problems = results.Problems();
        foreach (string problem in problems)
            Console.Error.WriteLine($"bench: {problem}");
        return problems.Count == 0 ? 0 : 1;
    }

    private static string Json(IReadOnlyList<IoRow> rows, ResultSet results, IoTable table, BenchHost host, IoBenchOptions options) => JsonSerializer.Serialize(
        new
        {
            Host = host,
            Options = options,
            Rows = rows.Select(row => new
            {
                row.Name,
                row.Class,
                row.Unit,
                Checksum = results.Checksum(row.Name),
                Speed = table.Speed(row),
                Contenders = results.Contenders.ToDictionary(contender => contender, contender => new
                {
                    Median = table.Rate(row, contender),
                    Seconds = results.Seconds(row.Name, contender),
                }),
            }),
            Problems = results.Problems(),
        },
        s_json);

    private void MeasureAll(int round, ResultSet results)
    {
        foreach (string name in results.Contenders)
        {
            using IoPasst? passt = _hasNetwork ? new IoPasst(_directory) : null;
            GuestConfiguration guest = _guest with { Disks = _images.CopyFor(name), PasstSocket = passt?.Socket };
            Measure(round, (name == IoTable.Qemu ? Contender.QemuTcg(guest) : Contender.Hearth(guest, _options.HearthOptions)) with { Name = name }, results);
        }

        foreach (string difference in _options.WithTcg ? _images.Differences(IoTable.Hearth, IoTable.Qemu) : [])
            results.Fail(difference);
    }

    private void Measure(int round, Contender contender, ResultSet results)
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
        results.Add(contender.Name, measured, complaints.Count > 0 ? string.Join(", ", complaints) : $"{run.LastLine} {run.Errors}".Trim() + $" (exit code {run.ExitCode})");
        Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"round {round} of {_options.Rounds}: {contender.Name} ran {measured.Count} of {results.Rows.Count} rows in {run.Elapsed.TotalSeconds:f1} s in all; load {BenchHost.Load():f1}"));
    }
}
