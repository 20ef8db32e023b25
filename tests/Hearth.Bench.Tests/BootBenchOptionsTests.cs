using Hearth.Guests;

namespace Hearth.Bench.Tests;

public sealed class BootBenchOptionsTests
{
    [Fact]
    public void Arguments_areRead()
    {
        BootBenchOptions options = BootBenchOptions.Parse(["--pairs", "7", "--cpus", "2", "--kernel", "linux-image-amd64", "--json", "boot.json"]);

        Assert.Equal(new BootBenchOptions { Pairs = 7, Cpus = 2, Kernel = "linux-image-amd64", JsonFile = "boot.json" }, options);
    }

    [Theory]
    [InlineData("--json")]
    [InlineData("--pairs", "4")]
    [InlineData("--cpus", "many")]
    public void Argument_thatMakesNoSense_isRefused(params string[] arguments) =>
        Assert.Throws<GuestsException>(() => BootBenchOptions.Parse(arguments));
}
