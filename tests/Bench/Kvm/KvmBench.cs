using System.Globalization;
using System.Text.Json;
using Hearth.Guests;
using Hearth.Proving;

namespace Hearth.Bench.Kvm;

/// <summary>Hearth beside QEMU, both on KVM: the same guests in turn, medians and ratios.</summary>
internal sealed class KvmBench
{
    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    private readonly IKvmHost _host;
    private readonly int _rounds;

    private KvmBench(IKvmHost host, int rounds)
    {
        _host = host;
        _rounds = rounds;
    }

    /// <returns>The exit code.</returns>
    /// <exception cref="GuestsException">Something is missing, or a guest fails.</exception>
    public static int Run(KvmBenchOptions options)
    {
        KvmWorkload[] workloads = [.. KvmWorkload.All.Where(workload => options.Workloads.Count == 0 || options.Workloads.Contains(workload.Name))];
        if (options.Workloads.Except(workloads.Select(workload => workload.Name)).FirstOrDefault() is { } unknown)
            throw new GuestsException($"there is no workload {unknown}; there are {string.Join(", ", KvmWorkload.All.Select(workload => workload.Name))}");
        if (options.JsonFile is not null)
            BenchOption.CheckFile(options.JsonFile);
        _ = Contender.QemuPath;
        using IKvmHost host = options.Here ? new ThisHost() : new GroundHost();
        var bench = new KvmBench(host, options.Rounds);
        Console.WriteLine($"on {host.Description}, medians of {options.Rounds}");
        Console.WriteLine(Line("", "unit", "hearth", "qemu", "hearth/qemu"));
        List<KvmComparison> comparisons = [.. workloads.SelectMany(bench.Compare)];
        if (options.JsonFile is not null)
            BenchOption.WriteFile(options.JsonFile, JsonSerializer.Serialize(new { Host = host.Description, Figures = comparisons }, s_json));
        return 0;
    }

    private IReadOnlyList<KvmComparison> Compare(KvmWorkload workload)
    {
        GuestConfiguration guest = workload.Prepare(_host);
        KvmComparison[] comparisons = [.. workload.Figures.Select(figure => new KvmComparison(figure))];
        try
        {
            for (int round = 0; round < _rounds; round++)
                MeasureBoth(workload, guest, comparisons);
        }
        finally
        {
            foreach (GuestDisk disk in guest.Disks)
                _host.Run($"rm {disk.Path}");
        }

        foreach (KvmComparison comparison in comparisons)
            Console.WriteLine(Row(comparison));
        return comparisons;
    }

    private void MeasureBoth(KvmWorkload workload, GuestConfiguration guest, KvmComparison[] comparisons)
    {
        foreach (Contender contender in Contender.UnderKvm(guest))
        {
            IReadOnlyList<double> values = Measure(workload, contender);
            for (int i = 0; i < values.Count; i++)
                comparisons[i].Add(contender.Name, values[i]);
        }
    }

    /// <summary>The clock is read on the machine itself, and the console goes to a file in its memory: nothing waits for what lies between.</summary>
    private IReadOnlyList<double> Measure(KvmWorkload workload, Contender contender)
    {
        string command = string.Join(' ', [ShellWord.Quote(contender.Program), .. contender.Arguments.Select(ShellWord.Quote)]);
        CommandResult result = _host.Run($$"""
            console=$(mktemp -p /dev/shm); notes=$(mktemp -p /dev/shm)
            started=$(date +%s%N)
            {{command}} < /dev/null > $console &
            pid=$!
            {{workload.Watch}}
            wait $pid
            echo $((($(date +%s%N) - started) / 1000))
            cat $console $notes
            rm $console $notes
            """);
        int firstLine = result.Output.IndexOf('\n', StringComparison.Ordinal);
        if (firstLine < 0)
            throw new GuestsException($"{workload.Name} under {contender.Name} cannot be run: {result.LastWords}");
        string console = result.Output[firstLine..];
        var elapsed = TimeSpan.FromMicroseconds(long.Parse(result.Output.AsSpan(0, firstLine), CultureInfo.InvariantCulture));
        IReadOnlyList<double> values = workload.Read(elapsed, console);
        return values.All(double.IsFinite)
            ? values
            : throw new GuestsException($"{workload.Name} under {contender.Name} does not say what it measured; its last lines:\n{string.Join('\n', console.Trim().Split('\n').TakeLast(100))}\n{result.Error.Trim()}");
    }

    private static string Row(KvmComparison comparison) => Line(
        comparison.Figure.Name,
        comparison.Figure.Unit,
        Significant(comparison.Median("hearth")),
        Significant(comparison.Median("qemu")),
        comparison.Ratio.ToString("f2", CultureInfo.InvariantCulture) + (comparison.Figure.HigherIsBetter ? " (more is better)" : " (less is better)"));

    private static string Significant(double value) => value.ToString(value < 100 ? "f2" : "f0", CultureInfo.InvariantCulture);

    private static string Line(string name, string unit, string hearth, string qemu, string ratio) => $"{name,-20}{unit,12}{hearth,12}{qemu,12}   {ratio}";
}
