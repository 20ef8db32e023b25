using Hearth.Guests;
using Hearth.Proving;

namespace Hearth.EndToEnd.Tests;

/// <summary>The jail's tests on Debian's kernel, with groups of processes that have bounds.</summary>
[Collection<GroundCollection>]
public sealed class JailTests(GroundFixture fixture)
{
    /// <summary>The test of Landlock's rules for sockets and signals, which Debian 12's kernel does not have yet.</summary>
    private const int NewerRules = 1;

    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(10);

    private readonly ProvingGround _ground = fixture.Ground;

    /// <summary>Bounds of memory and processor time, which most hosts of tests do not let be set.</summary>
    [Fact]
    public void Bounds_ofAGroup_areInForceOnDebiansKernel() => Run("CgroupTests", skipped: 0);

    /// <summary>Takes some minutes: <c>Hearth.EndToEnd.Tests -explicit only -class '*JailTests'</c>.</summary>
    [Theory(Explicit = true)]
    [InlineData("GuestJailTests", 0)]
    [InlineData("HostileTests", NewerRules)]
    public void Jail_onDebiansKernel_holds(string name, int skipped) => Run(name, skipped);

    private void Run(string name, int skipped)
    {
        _ground.Require("mountpoint -q /sys/fs/cgroup || mount -t cgroup2 cgroup2 /sys/fs/cgroup", GroundFixture.Patience);
        string program = Path.Combine(AppContext.BaseDirectory, "linux/Hearth.Linux.Tests");

        CommandResult result = _ground.Run($"{GroundGuest.Environment} TMPDIR=/dev/shm {ShellWord.Quote(program)} -noColor -class Hearth.Linux.Tests.Jail.{name}", s_patience);

        Assert.True(result.ExitCode == 0 && result.Output.Contains($"Failed: 0, Skipped: {skipped},", StringComparison.Ordinal), result.Output + result.Error);
        Assert.Matches("Total: [1-9]", result.Output);
    }
}
