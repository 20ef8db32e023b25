using Hearth.Bench.Kvm;
using Hearth.Guests;

namespace Hearth.Bench.Tests.Kvm;

public sealed class KvmBenchOptionsTests
{
    [Fact]
    public void Arguments_areRead()
    {
        KvmBenchOptions options = KvmBenchOptions.Parse(["--rounds", "5", "--workloads", "boot,idle", "--here", "--json", "kvm.json"]);

        Assert.Equal(5, options.Rounds);
        Assert.Equal(["boot", "idle"], options.Workloads);
        Assert.True(options.Here);
        Assert.Equal("kvm.json", options.JsonFile);
    }

    [Theory]
    [InlineData("--json")]
    [InlineData("--rounds", "0")]
    [InlineData("--there")]
    public void Argument_thatMakesNoSense_isRefused(params string[] arguments) =>
        Assert.Throws<GuestsException>(() => KvmBenchOptions.Parse(arguments));
}
