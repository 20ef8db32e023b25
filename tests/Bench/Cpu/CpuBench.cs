using System.Globalization;
using Hearth.Guests.Debian;
using Hearth.Guests.Initramfs;

namespace Hearth.Bench.Cpu;

/// <summary>
/// Runs the same programs on the host, under Hearth and under QEMU TCG, in turn, so that what else the machine does hits all alike.
/// Every time is taken by the program itself around its work.
/// </summary>
internal static class CpuBench
{
    public const string Native = "native";
    public const string Hearth = "hearth";
    public const string Tcg = "tcg";

    public static int Run(CpuBenchOptions options)
    {
        string directory = Directory.CreateTempSubdirectory("hearth-bench-").FullName;
        try
        {
            GuestPrograms programs = GuestPrograms.Build();
            IReadOnlyList<BenchRow> rows = options.Select(programs.Rows());
            using var shared = new SharedMemoryDirectory();
            IReadOnlyList<Contender> contenders = Contenders(options, programs, rows, directory, shared.Path);
            var host = BenchHost.Read(options.WithTcg);
            var results = new ResultSet(rows, [.. contenders.Select(contender => contender.Name)]);
            string engine = Measure(options, contenders, results);
            return Report(options, programs, host, results, engine.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static List<Contender> Contenders(
        CpuBenchOptions options, GuestPrograms programs, IReadOnlyList<BenchRow> rows, string directory, string scratch)
    {
        string[] names = [.. rows.Select(row => row.Name)];
        GuestConfiguration guest = CreateGuest(options, programs, names, directory);
        List<Contender> contenders = [];
        if (options.WithNative)
            contenders.Add(new Contender(Native, programs.MainPath, ["--pin", "--scratch", scratch, .. names]));
        contenders.Add(Contender.Hearth(guest, options.HearthOptions) with { Name = Hearth });
        if (options.WithTcg)
            contenders.Add(Contender.QemuTcg(guest) with { Name = Tcg });
        return contenders;
    }

    private static GuestConfiguration CreateGuest(CpuBenchOptions options, GuestPrograms programs, string[] rows, string directory)
    {
        var cache = PackageCache.Default();
        byte[] initramfs = new InitramfsBuilder()
            .AddBusybox(cache.Fetch("busybox-static"))
            .AddFile("bench/" + GuestPrograms.Main, File.ReadAllBytes(programs.MainPath), executable: true)
            .AddFile("bench/" + GuestPrograms.Exit, File.ReadAllBytes(Path.Combine(programs.Directory, GuestPrograms.Exit)), executable: true)
            .Run($"mount -t tmpfs tmp /tmp\n/bench/{GuestPrograms.Main} --scratch /tmp {string.Join(' ', rows)}")
            .Build();
        string initrd = Path.Combine(directory, "initrd.img");
        File.WriteAllBytes(initrd, initramfs);
        return new GuestConfiguration(cache.FetchKernel(options.Kernel).Image, initrd) { CommandLine = "console=ttyS0 panic=-1 quiet", Memory = "1G" };
    }

    /// <returns>What Hearth wrote about its engine to standard error in the last round.</returns>
    private static string Measure(CpuBenchOptions options, IReadOnlyList<Contender> contenders, ResultSet results)
    {
        string engine = "";
        for (int round = 1; round <= options.Rounds; round++)
        {
            foreach (Contender contender in contenders)
            {
                List<RowResult> measured = [];
                ConsoleRun run = ConsoleRun.Of(contender, (line, _) =>
                {
                    if (RowResult.Parse(line) is { } result)
                        measured.Add(result);
                });
                results.Add(contender.Name, measured, $"{run.LastLine} {run.Errors}".Trim());
                if (contender.Name == Hearth)
                    engine = run.Errors;
                Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"round {round} of {options.Rounds}: {contender.Name} ran {measured.Count} of {results.Rows.Count} rows in {run.Elapsed.TotalSeconds:f1} s in all; load {BenchHost.Load():f1}"));
            }
        }

        return engine;
    }

    private static int Report(CpuBenchOptions options, GuestPrograms programs, BenchHost host, ResultSet results, string[] engine)
    {
        foreach (string line in new CpuTable(results).Lines())
            Console.WriteLine(line);
        WriteEngine(engine);
        if (options.JsonFile is not null)
        {
            object settings = new { options.Rounds, options.Kernel, Hearth = string.Join(' ', options.HearthOptions), programs.Compiler };
            File.WriteAllText(options.JsonFile, CpuReport.Write(results, host, settings, engine));
        }

        IReadOnlyList<string> problems = results.Problems();
        foreach (string problem in problems)
            Console.Error.WriteLine($"bench: {problem}");
        return problems.Count == 0 ? 0 : 1;
    }

    /// <summary>The engine's own account of its overhead, where an option of Hearth makes it give one.</summary>
    private static void WriteEngine(string[] engine)
    {
        if (engine.Length == 0)
            return;
        Console.WriteLine();
        Console.WriteLine("Hearth's engine, last round:");
        foreach (string line in engine)
            Console.WriteLine("  " + line);
    }
}
