using Hearth.Bench.Cpu;

namespace Hearth.Bench.Tests.Cpu;

public sealed class ComparisonTableTests
{
    [Fact]
    public void Table_hasMediansRatiosMeansAndNotes()
    {
        IEnumerable<string> lines = new ComparisonTable(SampleResults.Create(), SampleResults.Ratios).Lines();

        Assert.Equal(
            """
            median seconds         native     hearth        tcg  hearth/native     tcg/hearth
            compute
              alu                   0.200      0.200      0.400           1.00           2.00
              crc32                 0.200      0.400          -           2.00              -
              geometric mean                                              1.41           2.00
            vector
              sha256               0.010*     0.020*     0.400*           2.00          20.00
              geometric mean                                              2.00          20.00
            hearth/native: smaller is better
            tcg/hearth: larger is better
            - crc32: tcg skips it, no-reason
            * sha256: native sha-ni, hearth sha-ni, tcg portable
            """,
            string.Join('\n', lines));
    }
}
