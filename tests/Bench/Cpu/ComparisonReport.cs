using System.Text.Json;

namespace Hearth.Bench.Cpu;

/// <summary>The comparison for programs: every time that was measured, and where.</summary>
internal static class CpuReport
{
    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    public static string Write(ResultSet results, BenchHost host, object settings, IReadOnlyList<string> engine) => JsonSerializer.Serialize(
        new
        {
            Host = host,
            Settings = settings,
            Rows = results.Rows.Select(row => Row(results, row)),
            Classes = results.Classes.Select(name => new
            {
                Name = name,
                HearthToNative = results.MeanRatio(name, CpuBench.Hearth, CpuBench.Native),
                TcgToHearth = results.MeanRatio(name, CpuBench.Tcg, CpuBench.Hearth),
            }),
            Engine = engine,
            Problems = results.Problems(),
        },
        s_json);

    private static object Row(ResultSet results, BenchRow row) => new
    {
        row.Name,
        row.Class,
        Checksum = results.Checksum(row.Name),
        HearthToNative = results.Ratio(row.Name, CpuBench.Hearth, CpuBench.Native),
        TcgToHearth = results.Ratio(row.Name, CpuBench.Tcg, CpuBench.Hearth),
        Contenders = results.Contenders.ToDictionary(contender => contender, contender => new
        {
            Median = results.Median(row.Name, contender),
            Seconds = results.Seconds(row.Name, contender),
            Path = results.Path(row.Name, contender),
            Skipped = results.Skipped(row.Name, contender),
        }),
    };
}
