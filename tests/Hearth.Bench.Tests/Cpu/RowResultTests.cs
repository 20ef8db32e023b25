using Hearth.Bench.Cpu;

namespace Hearth.Bench.Tests.Cpu;

public sealed class RowResultTests
{
    [Theory]
    [InlineData("hearth-bench sha256 vector 0.123456 00ff portable")]
    [InlineData("hearth-bench sha256 vector 0.123456 00ff portable\r")]
    [InlineData("[    1.5] random: crng init done hearth-bench sha256 vector 0.123456 00ff portable")]
    public void Line_ofARow_isRead(string line) =>
        Assert.Equal(new RowResult("sha256", 0.123456, "00ff", "portable", null), RowResult.Parse(line));

    [Fact]
    public void Line_ofASkippedRow_saysWhy()
    {
        RowResult? result = RowResult.Parse("hearth-bench matmul-avx2 vector skip no-AVX2");

        Assert.NotNull(result);
        Assert.Null(result.Seconds);
        Assert.Equal("no-AVX2", result.Skipped);
    }

    [Theory]
    [InlineData("programs: signal 11 ended alu", true)]
    [InlineData("hearth-bench alu compute 0.1 00ff -", false)]
    [InlineData("hearth: init reached", false)]
    public void Line_ofAFailedRow_isAComplaint(string line, bool expected) => Assert.Equal(expected, RowResult.IsComplaint(line));

    [Theory]
    [InlineData("")]
    [InlineData("hearth: init reached")]
    [InlineData("hearth-bench alu compute")]
    [InlineData("hearth-bench alu compute soon 00ff -")]
    [InlineData("hearth-bench alu compute 0.000000 00ff -")]
    [InlineData("hearth-bench alu compute -0.1 00ff -")]
    [InlineData("hearth-bench alu compute 0.1 00ff - more")]
    public void Line_ofSomethingElse_isNoRow(string line) => Assert.Null(RowResult.Parse(line));
}
