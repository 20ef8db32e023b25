using System.Text.Json;

namespace Hearth.Bench.Cpu;

/// <summary>A comparison for programs: every time that was measured, and where.</summary>
internal static class ComparisonReport
{
    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    /// <param name="engine">What Hearth's engine said of itself, by lines.</param>
    public static string Write(
        ResultSet results, IReadOnlyList<RatioColumn> ratios, BenchHost host, ComparisonOptions options, IReadOnlyList<string> engine) =>
        JsonSerializer.Serialize(
            new
            {
                Host = host,
                Options = options,
                Rows = results.Rows.Select(row => Row(results, ratios, row)),
                Classes = results.Classes.Select(name => new
                {
                    Name = name,
                    Ratios = ratios.ToDictionary(ratio => ratio.Key, ratio => results.MeanRatio(name, ratio.Contender, ratio.Than)),
                }),
                Engine = engine,
                Problems = results.Problems(),
            },
            s_json);

    private static object Row(ResultSet results, IReadOnlyList<RatioColumn> ratios, BenchRow row) => new
    {
        row.Name,
        row.Class,
        Checksum = results.Checksum(row.Name),
        Ratios = ratios.ToDictionary(ratio => ratio.Key, ratio => results.Ratio(row.Name, ratio.Contender, ratio.Than)),
        Contenders = results.Contenders.ToDictionary(contender => contender, contender => new
        {
            Median = results.Median(row.Name, contender),
            Seconds = results.Seconds(row.Name, contender),
            Path = results.Path(row.Name, contender),
            Skipped = results.Skipped(row.Name, contender),
        }),
    };
}
