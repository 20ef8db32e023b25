using Hearth.Guests;
using Hearth.Proving;

namespace Hearth.EndToEnd.Tests;

/// <summary>The jail's tests on the kernel of the appliance, which has every layer: Landlock, and groups of processes with bounds.</summary>
[Collection<GroundCollection>]
public sealed class JailTests(GroundFixture fixture)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(10);

    private readonly ProvingGround _ground = fixture.Ground;

    [Theory]
    [InlineData("CgroupTests")]
    [InlineData("GuestJailTests")]
    [InlineData("HostileTests")]
    public void JailTests_ofAClass_passOnDebiansKernel(string name)
    {
        _ground.Require("mountpoint -q /sys/fs/cgroup || mount -t cgroup2 cgroup2 /sys/fs/cgroup", GroundFixture.Patience);
        string program = Path.Combine(AppContext.BaseDirectory, "linux/Hearth.Linux.Tests");

        CommandResult result = _ground.Run($"{GroundGuest.Environment} TMPDIR=/dev/shm {ShellWord.Quote(program)} -noColor -class Hearth.Linux.Tests.Jail.{name}", s_patience);

        Assert.True(result.ExitCode == 0, result.Output + result.Error);
        Assert.Matches("Total: [1-9][0-9]*, Errors: 0, Failed: 0, Skipped: 0", result.Output);
    }
}
