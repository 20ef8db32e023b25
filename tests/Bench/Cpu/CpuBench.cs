namespace Hearth.Bench.Cpu;

/// <summary>How fast programs run on one processor: on the host, under Hearth and under QEMU TCG.</summary>
internal static class CpuBench
{
    private const string Native = "native";
    private const string Hearth = "hearth";
    private const string Tcg = "tcg";

    private static readonly RatioColumn[] s_ratios =
    [
        new("hearthToNative", "hearth/native", Hearth, Native, "how many times as long Hearth takes as the host itself"),
        new("tcgToHearth", "tcg/hearth", Tcg, Hearth, "how many times faster Hearth is than QEMU TCG"),
    ];

    public static int Run(ComparisonOptions options)
    {
        using var scratch = new ScratchDirectories();
        var comparison = new Comparison(options, scratch, "compute", "vector", "system", RealRow.Class);
        List<Contender> contenders = [];
        if (options.WithNative)
            contenders.Add(comparison.Native(Native, "--pin"));
        contenders.Add(comparison.Hearth(Hearth));
        if (options.WithTcg)
            contenders.Add(comparison.Tcg(Tcg));
        return comparison.Run(contenders, s_ratios, _ => []);
    }
}
