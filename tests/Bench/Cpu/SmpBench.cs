using System.Globalization;

namespace Hearth.Bench.Cpu;

/// <summary>What a second virtual processor gives: rows that work side by side, and the ordinary ones, which it must not slow down.</summary>
internal static class SmpBench
{
    /// <summary>An ordinary row below this speed is pointed out.</summary>
    private const double LeastSpeed = 0.9;

    private const string ParallelClass = "parallel";
    private const string Native = "native";
    private const string Hearth = "hearth";
    private const string Tcg = "tcg";

    public static int Run(ComparisonOptions options)
    {
        using var scratch = new ScratchDirectories();
        var comparison = new Comparison(options, scratch, ParallelClass, "compute", "vector", "system");
        List<Contender> contenders = [];
        if (options.WithNative)
            contenders.AddRange([comparison.Native(One(Native), "--pin"), comparison.Native(Two(Native))]);
        contenders.AddRange([comparison.Hearth(One(Hearth)), comparison.Hearth(Two(Hearth), cpus: 2)]);
        if (options.WithTcg)
            contenders.AddRange([comparison.Tcg(One(Tcg)), comparison.Tcg(Two(Tcg), cpus: 2)]);
        return comparison.Run(contenders, [Speed(Native), Speed(Hearth), Speed(Tcg)], Slower);
    }

    private static RatioColumn Speed(string name) =>
        new($"{name}Speed", $"{name} speed", One(name), Two(name), $"how many times faster two processors are than one");

    private static IEnumerable<string> Slower(ResultSet results)
    {
        foreach (BenchRow row in results.Rows)
        {
            if (row.Class != ParallelClass && results.Ratio(row.Name, One(Hearth), Two(Hearth)) is { } speed && speed < LeastSpeed)
            {
                yield return string.Create(CultureInfo.InvariantCulture,
                    $"! {row.Name}: with two processors Hearth has {speed:f2} of the speed it has with one");
            }
        }
    }

    private static string One(string name) => name + " 1";

    private static string Two(string name) => name + " 2";
}
