using Hearth.Bench.Cpu;

namespace Hearth.Bench.Tests.Cpu;

public sealed class ResultSetTests
{
    [Fact]
    public void Ratio_isOfTheMedians()
    {
        ResultSet results = SampleResults.Create();

        Assert.Equal(0.2, results.Median("alu", "native")!.Value, precision: 12);
        Assert.Equal(1.0, results.Ratio("alu", "hearth", "native")!.Value, precision: 12);
        Assert.Equal(Math.Sqrt(2.0), results.MeanRatio("compute", "hearth", "native")!.Value, precision: 12);
    }

    [Fact]
    public void Row_thatOneSkips_isInNoRatioWithIt()
    {
        ResultSet results = SampleResults.Create();

        Assert.Equal("no-reason", results.Skipped("crc32", "tcg"));
        Assert.Null(results.Ratio("crc32", "tcg", "hearth"));
        Assert.Equal(2.0, results.MeanRatio("compute", "tcg", "hearth")!.Value, precision: 12);
    }

    [Fact]
    public void Contenders_thatAgree_areNoProblem() => Assert.Empty(SampleResults.Create().Problems());

    [Fact]
    public void Checksums_thatDiffer_areOneProblemThatNamesThem()
    {
        ResultSet results = SampleResults.Create();

        results.Add("tcg", [SampleResults.Alu(0.4, "0b"), SampleResults.Crc(0.4), SampleResults.Sha(0.4, "portable")], "");

        string problem = Assert.Single(results.Problems());
        Assert.Equal("the checksums of alu differ: native 0a, hearth 0a, tcg 0a, tcg 0b", problem);
    }

    [Fact]
    public void Row_thatIsMissing_isAProblemWithTheLastWords()
    {
        ResultSet results = SampleResults.Empty();

        results.Add("hearth", [SampleResults.Alu(0.1)], "Kernel panic");

        string problem = Assert.Single(results.Problems());
        Assert.Equal("hearth did not finish crc32, sha256; its last words: Kernel panic", problem);
    }
}
