using Hearth.Guests;
using Hearth.Proving;

namespace Hearth.EndToEnd.Tests;

/// <summary>KVM inside the proving ground: the tests that need it elsewhere run here, and none of them is skipped.</summary>
[Collection<GroundCollection>]
public sealed class KvmTests(GroundFixture fixture)
{
    /// <summary>The runtime compiles the test framework on the emulated processor first.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(5);

    private readonly ProvingGround _ground = fixture.Ground;

    [Fact]
    public void TestsOfTheKvmEngine_inside_passWithoutSkips()
    {
        string program = Path.Combine(AppContext.BaseDirectory, "kvm/Hearth.Cpu.Kvm.Tests");

        CommandResult result = _ground.Run($"DOTNET_TieredPGO=0 {ShellWord.Quote(program)} -noColor", s_patience);

        Assert.True(result.ExitCode == 0, result.Output + result.Error);
        Assert.Matches(@"Total: [1-9]\d*, Errors: 0, Failed: 0, Skipped: 0", result.Output);
    }
}
