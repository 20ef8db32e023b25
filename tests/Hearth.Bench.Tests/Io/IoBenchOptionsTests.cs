using Hearth.Bench.Io;
using Hearth.Guests;

namespace Hearth.Bench.Tests.Io;

public sealed class IoBenchOptionsTests
{
    [Fact]
    public void NoArguments_meanThreeRoundsOfEverything()
    {
        IoBenchOptions options = IoBenchOptions.Parse([]);

        Assert.Equal(3, options.Rounds);
        Assert.True(options.WithTcg);
        Assert.Equal(IoRow.All, options.Select());
    }

    [Fact]
    public void Arguments_areRead()
    {
        IoBenchOptions options = IoBenchOptions.Parse(
            ["--rounds", "5", "--rows", "network,raw-read-1m", "--images", "/tmp", "--no-tcg", "--hearth", "--cpu-model x86-64-v2", "--json", "io.json"]);

        Assert.Equal(5, options.Rounds);
        Assert.Equal(["raw-read-1m", "net-send", "net-receive", "net-send-1500", "net-receive-1500"], options.Select().Select(row => row.Name));
        Assert.Equal("/tmp", options.Images);
        Assert.False(options.WithTcg);
        Assert.Equal(["--cpu-model", "x86-64-v2"], options.HearthOptions);
        Assert.Equal("io.json", options.JsonFile);
    }

    [Theory]
    [InlineData("--images")]
    [InlineData("--rounds", "0")]
    [InlineData("--fast")]
    public void Argument_thatMakesNoSense_isRefused(params string[] arguments) =>
        Assert.Throws<GuestsException>(() => IoBenchOptions.Parse(arguments));

    [Fact]
    public void Row_thatDoesNotExist_isNamedWithThoseThereAre()
    {
        var error = Assert.Throws<GuestsException>(() => IoBenchOptions.Parse(["--rows", "raw,nothing"]).Select());

        Assert.Contains("nothing; there are raw, qcow2", error.Message, StringComparison.Ordinal);
    }
}
