using System.Globalization;
using Hearth.Guests;
using Hearth.Proving;

namespace Hearth.EndToEnd.Tests;

/// <summary>Commands inside the proving ground.</summary>
[Collection<GroundCollection>]
public sealed class CommandTests(GroundFixture fixture)
{
    private readonly ProvingGround _ground = fixture.Ground;

    [Fact]
    public void Run_ofACommand_givesExitCodeAndBothStreams()
    {
        CommandResult result = _ground.Run("echo out; echo err >&2; exit 7", GroundFixture.Patience);

        Assert.Equal(new CommandResult(7, "out\n", "err\n"), result);
    }

    /// <summary>Guests of KVM must not run on the first processor (agent.sh says why).</summary>
    [Fact]
    public void Run_ofACommand_leavesTheFirstProcessorToTheKernel() =>
        Assert.Equal("Cpus_allowed_list:\t1-2\n", _ground.Run("grep Cpus_allowed_list /proc/self/status", GroundFixture.Patience).Output);

    [Fact]
    public void Run_ofACommandThatIsKilled_givesTheSignal() =>
        Assert.Equal(128 + 15, _ground.Run("kill -TERM $$", GroundFixture.Patience).ExitCode);

    [Fact]
    public void Run_withMuchOutput_givesAllOfIt()
    {
        CommandResult result = _ground.Run("seq 500000", GroundFixture.Patience);

        Assert.Equal(3_388_895, result.Output.Length);
        Assert.EndsWith("\n500000\n", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_ofACommandThatIsLate_killsItAndTellsWhatItWrote()
    {
        var error = Assert.Throws<ProvingGroundException>(() => _ground.Run("echo so far; sleep 1234", TimeSpan.FromSeconds(2)));

        Assert.Contains("within 2 s", error.Message, StringComparison.Ordinal);
        Assert.Contains("so far", error.Message, StringComparison.Ordinal);
        Assert.Contains(_ground.SerialLog.FilePath, error.Message, StringComparison.Ordinal);
        _ground.WaitUntil(() => _ground.Run("pgrep -f 'sleep 123[4]'", GroundFixture.Patience).ExitCode == 1, GroundFixture.Patience, "the end of sleep");
    }

    [Fact]
    public void Require_ofACommandThatFails_throwsWithItsLastWords()
    {
        var error = Assert.Throws<ProvingGroundException>(() => _ground.Require("cat /no/such/file", GroundFixture.Patience));

        Assert.Contains("/no/such/file: No such file", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void StartCommand_inTheBackground_isTalkedToBesideOthers()
    {
        GroundCommand command = _ground.StartCommand("while read line; do echo \"heard $line\"; test \"$line\" != end || exit 3; done");
        command.Type("one\n");
        command.WaitForOutput("heard one\n", GroundFixture.Patience);
        string beside = _ground.Require("echo beside", GroundFixture.Patience);
        bool hasExited = command.HasExited;
        command.Type("two\n");
        command.Type("end\n");
        CommandResult result = command.WaitForExit(GroundFixture.Patience);

        Assert.Equal(("beside\n", false), (beside, hasExited));
        Assert.Equal(new CommandResult(3, "heard one\nheard two\nheard end\n", ""), result);
    }

    [Fact]
    public void Root_isTheHosts_andKeepsNothing()
    {
        string name = Path.Combine(Path.GetTempPath(), $"hearth-{Guid.NewGuid():N}");

        string sum = _ground.Require($"sha256sum {ShellWord.Quote(GetType().Assembly.Location)}; touch {name}; ls {name}", GroundFixture.Patience);

        string own = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(GetType().Assembly.Location)));
        Assert.StartsWith(own, sum, StringComparison.Ordinal);
        Assert.EndsWith(name + "\n", sum, StringComparison.Ordinal);
        Assert.False(File.Exists(name));
    }

    [Fact]
    public void SharedDirectory_isWrittenByBothSides()
    {
        string path = Path.Combine(_ground.SharedDirectory, "both");
        File.WriteAllText(path, "host ");

        _ground.Require($"printf ground >> {path}", GroundFixture.Patience);

        Assert.Equal("host ground", File.ReadAllText(path));
    }

    [Fact]
    public void Time_isTheHosts()
    {
        double before = Now();
        double inside = double.Parse(_ground.Require("date +%s.%N", GroundFixture.Patience), CultureInfo.InvariantCulture);
        double after = Now();

        Assert.InRange(inside, before - 1, after + 1);
    }

    [Fact]
    public void Environment_isPassedOn()
    {
        string inside = _ground.Require("echo \"$HOME,$PATH\"; \"$DOTNET_ROOT/dotnet\" --list-runtimes | grep -c Microsoft.NETCore.App", GroundFixture.Patience);

        Assert.StartsWith($"{Environment.GetEnvironmentVariable("HOME")},{Environment.GetEnvironmentVariable("PATH")}\n", inside, StringComparison.Ordinal);
    }

    [Fact]
    public void LoadModules_bringsWhatTheyDependOn()
    {
        _ground.LoadModules("snd_aloop");

        Assert.Equal("2\n", _ground.Require("grep -c -E '^(snd_aloop|snd_pcm) ' /proc/modules", GroundFixture.Patience));
    }

    private static double Now() => (TimeProvider.System.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds;
}
