using Hearth.Bench.Cpu;
using Hearth.Guests;

namespace Hearth.Bench.Tests.Cpu;

public sealed class ComparisonOptionsTests
{
    private static readonly BenchRow[] s_rows = [new("alu", "compute"), new("crc32", "compute"), new("fork", "system"), new("2-fork", "parallel")];

    [Fact]
    public void NoArguments_meanThreeRoundsOfEverything()
    {
        ComparisonOptions options = ComparisonOptions.Parse([]);

        Assert.Equal(3, options.Rounds);
        Assert.True(options.WithNative && options.WithTcg);
        Assert.Null(options.JsonFile);
    }

    [Fact]
    public void Arguments_areRead()
    {
        ComparisonOptions options = ComparisonOptions.Parse(
            ["--rounds", "5", "--rows", "alu,fork", "--class", "system", "--no-tcg", "--no-native", "--hearth", "--cpu-model x86-64-v2", "--json", "out.json"]);

        Assert.Equal(5, options.Rounds);
        Assert.Equal(["alu", "fork"], options.Rows);
        Assert.Equal(["system"], options.Classes);
        Assert.False(options.WithNative || options.WithTcg);
        Assert.Equal(["--cpu-model", "x86-64-v2"], options.HearthOptions);
        Assert.Equal("out.json", options.JsonFile);
    }

    [Theory]
    [InlineData("--rounds")]
    [InlineData("--rounds", "0")]
    [InlineData("--rounds", "three")]
    [InlineData("--fast")]
    public void Argument_thatMakesNoSense_isRefused(params string[] arguments) =>
        Assert.Throws<GuestsException>(() => ComparisonOptions.Parse(arguments));

    [Theory]
    [InlineData("alu,crc32,fork")]
    [InlineData("fork", "--class", "system")]
    [InlineData("alu", "--rows", "alu")]
    [InlineData("alu,fork", "--rows", "alu", "--class", "system")]
    [InlineData("2-fork", "--class", "parallel")]
    public void Selection_isWhatIsNamedOrTheStandard(string expected, params string[] arguments)
    {
        IReadOnlyList<BenchRow> selected = ComparisonOptions.Parse(arguments).Select(s_rows, "compute", "system");

        Assert.Equal(expected, string.Join(',', selected.Select(row => row.Name)));
    }

    [Theory]
    [InlineData("--rows", "alu,nothing")]
    [InlineData("--class", "nothing")]
    public void Selection_ofWhatDoesNotExist_namesItAndWhatThereIs(params string[] arguments)
    {
        var error = Assert.Throws<GuestsException>(() => ComparisonOptions.Parse(arguments).Select(s_rows));

        Assert.Contains("nothing; there are", error.Message, StringComparison.Ordinal);
    }
}
