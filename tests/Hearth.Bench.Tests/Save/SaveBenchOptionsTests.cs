using Hearth.Bench.Save;
using Hearth.Guests;

namespace Hearth.Bench.Tests.Save;

public sealed class SaveBenchOptionsTests
{
    [Fact]
    public void NoArguments_meanThreeRoundsOfEverything_withBothSizesOfMemory()
    {
        SaveBenchOptions options = SaveBenchOptions.Parse([]);

        Assert.Equal(3, options.Rounds);
        Assert.True(options.WithQemu);
        Assert.Equal(
            ["pause-busy-1G", "pause-busy-4G", "restore-1G", "restore-4G", "second", "shared", "memory"], options.Select().Select(row => row.Title));
    }

    [Fact]
    public void Arguments_areRead()
    {
        SaveBenchOptions options = SaveBenchOptions.Parse(
            ["--rounds", "2", "--rows", "restore,memory", "--memory", "512M", "--no-qemu", "--aot", "/native/hearth-vm", "--json", "save.json"]);

        Assert.Equal(2, options.Rounds);
        Assert.Equal([new MemoryAmount("512M", 512 << 20)], options.Memory);
        Assert.Equal(["restore-512M", "memory"], options.Select().Select(row => row.Title));
        Assert.False(options.WithQemu);
        Assert.Equal("/native/hearth-vm", options.AotProgram);
        Assert.Equal("save.json", options.JsonFile);
    }

    [Theory]
    [InlineData("--aot")]
    [InlineData("--rounds", "0")]
    [InlineData("--memory", "1")]
    [InlineData("--memory", "-1G")]
    [InlineData("--memory", "1T")]
    [InlineData("--no-tcg")]
    public void Argument_thatMakesNoSense_isRefused(params string[] arguments) =>
        Assert.Throws<GuestsException>(() => SaveBenchOptions.Parse(arguments));

    [Fact]
    public void Row_thatDoesNotExist_isNamedWithThoseThereAre()
    {
        var error = Assert.Throws<GuestsException>(() => SaveBenchOptions.Parse(["--rows", "memory,pause"]).Select());

        Assert.Contains("no row pause; there are pause-busy, restore,", error.Message, StringComparison.Ordinal);
    }
}
