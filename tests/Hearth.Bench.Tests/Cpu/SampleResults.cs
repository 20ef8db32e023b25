using Hearth.Bench.Cpu;

namespace Hearth.Bench.Tests.Cpu;

/// <summary>A comparison small enough to check by hand: two rounds of three rows.</summary>
internal static class SampleResults
{
    public static readonly RatioColumn[] Ratios =
    [
        new("hearthToNative", "hearth/native", "hearth", "native", "smaller is better"),
        new("tcgToHearth", "tcg/hearth", "tcg", "hearth", "larger is better"),
    ];

    private static readonly BenchRow[] s_rows = [new("alu", "compute"), new("crc32", "compute"), new("sha256", "vector")];

    public static ResultSet Empty() => new(s_rows, ["native", "hearth", "tcg"]);

    public static ResultSet Create()
    {
        ResultSet results = Empty();
        results.Add("native", [Alu(0.1), Crc(0.2), Sha(0.010, "sha-ni")], "");
        results.Add("hearth", [Alu(0.2), Crc(0.4), Sha(0.020, "sha-ni")], "");
        results.Add("tcg", [Alu(0.4), SkippedCrc(), Sha(0.400, "portable")], "");
        results.Add("native", [Alu(0.3), Crc(0.2), Sha(0.010, "sha-ni")], "");
        results.Add("hearth", [Alu(0.2), Crc(0.4), Sha(0.020, "sha-ni")], "");
        results.Add("tcg", [Alu(0.4), SkippedCrc(), Sha(0.400, "portable")], "");
        return results;
    }

    public static RowResult Alu(double seconds, string checksum = "0a") => new("alu", seconds, checksum, "-", null);

    public static RowResult Crc(double seconds) => new("crc32", seconds, "0c", "-", null);

    public static RowResult Sha(double seconds, string path) => new("sha256", seconds, "05", path, null);

    private static RowResult SkippedCrc() => new("crc32", null, "", "", "no-reason");
}
