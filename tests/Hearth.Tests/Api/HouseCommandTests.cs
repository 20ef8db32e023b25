using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Hearth.Protocol;
using Hearth.Running;

namespace Hearth.Tests.Api;

/// <summary>The commands of the house, as processes that ask a daemon.</summary>
public sealed class HouseCommandTests : IAsyncLifetime
{
    private DaemonFixture _fixture = null!;

    private static CancellationToken End => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _fixture = await DaemonFixture.StartAsync();

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task Guests_areBroughtStartedSavedAndRewound()
    {
        Assert.Contains("There is no guest yet: `hearth guest add NAME --disk FILE`", await SayAsync("guest list"), StringComparison.Ordinal);
        Assert.Contains("play is a guest of the house.", await SayAsync("guest add play --disk play.qcow2,bus=ide --net switch:lan/a --memory 512M"), StringComparison.Ordinal);
        JsonNode settings = await SettingsAsync("play");
        string folder = Path.GetDirectoryName(_fixture.Home.Path)!;
        Assert.Equal(($"{folder}/play.qcow2", "ide"), ((string?)settings["disks"]![0]!["path"], (string?)settings["disks"]![0]!["bus"]));
        Assert.Equal($"switch:{folder}/lan/a", (string?)settings["networks"]![0]);

        Assert.Equal("play is running.\n", await SayAsync("guest start play"));
        Assert.Equal("play is saved as state 1; it stood still for 7 ms.\n", await SayAsync("guest save play --label boss"));
        Assert.Contains("play goes on from state 1, of ", await SayAsync("guest rewind play --to 0s"), StringComparison.Ordinal);
        Assert.Contains("1      ", await SayAsync("guest checkpoints play"), StringComparison.Ordinal);
        Assert.Equal("play is stopped.\n", await SayAsync("guest stop play --force"));
        Assert.Equal(["start 1", "save 1", "restore-1-keep 1", "kill 1"], _fixture.Runs.Asked);
        Assert.Contains("play was saved as boss: state 1", await SayAsync("events"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Edit_ofAGuestThatRuns_saysWhenItCounts_andWhichFilesAreMissing()
    {
        string folder = Path.GetDirectoryName(_fixture.Home.Path)!;
        Assert.EndsWith($"{folder}/play.qcow2 is not there now: the guest does not start without it.\n", await SayAsync("guest add play --disk play.qcow2"), StringComparison.Ordinal);
        await File.WriteAllBytesAsync($"{folder}/bzImage", [], End);
        string stopped = await SayAsync("guest edit play --kernel bzImage --initrd initrd.img --append quiet");
        await SayAsync("guest start play");
        string running = await SayAsync("guest edit play --cpus 2");

        Assert.Matches($"\\n  initrd +{Regex.Escape(folder)}/initrd.img\\n  command line +quiet\\n", stopped);
        Assert.EndsWith($"\n{folder}/initrd.img is not there now: the guest does not start without it.\n", stopped, StringComparison.Ordinal);
        Assert.DoesNotContain("boots the next time", stopped, StringComparison.Ordinal);
        Assert.EndsWith("What was changed of the machine counts when it boots the next time. Until then it goes on, from its saved states too, with what it was started with.\n", running, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("guest add play --disk a --cpus two", "--cpus two is no whole number")]
    [InlineData("guest clone play other --state last", "--state last is no whole number")]
    [InlineData("events --limit many", "--limit many is no whole number")]
    public Task Number_thatIsNone_isNamed(string command, string sentence) => RefuseAsync(command, sentence);

    [Fact]
    public async Task States_arePinnedAndLetGo()
    {
        await _fixture.AddGuestAsync("play");
        await SayAsync("guest start play");
        await SayAsync("guest save play --label boss");

        Assert.Contains("saved, pinned  boss", await SayAsync("guest checkpoints play --pin 1"), StringComparison.Ordinal);
        Assert.DoesNotContain("pinned", await SayAsync("guest checkpoints play --unpin 1"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Guests_areChangedShownAndRemoved()
    {
        await _fixture.AddGuestAsync("play");
        await SayAsync("guest edit play --cpus 2 --boot cd,menu --autostart --checkpoint 0 --name fun");

        JsonNode settings = await SettingsAsync("fun");
        Assert.Equal((2, true, 0), ((int)settings["cpus"]!, (bool)settings["startsWithHouse"]!, (int)settings["checkpointSeconds"]!));
        Assert.Equal("""["cd","menu"]""", settings["bootOrder"]!.ToJsonString());
        Assert.Equal("/play.qcow2", (string?)settings["disks"]![0]!["path"]);
        Assert.Contains("checkpoints       none", await SayAsync("guest show fun"), StringComparison.Ordinal);
        Assert.Equal("", await SayAsync("guest remove fun --force"));
        Assert.Equal("[]\n", await SayAsync("guest list --json"));
    }

    [Fact]
    public async Task Seats_areSwitchedByModeAndPin()
    {
        await _fixture.AddGuestAsync("desk");
        await _fixture.AddGuestAsync("school");
        await SayAsync("seat add sofa --mode learn=school --output HDMI-A-1");
        Assert.Contains("Mum lives here now.", await SayAsync("person add Mum --pin-stdin", "1234\n"), StringComparison.Ordinal);
        await SayAsync("guest edit desk --person Mum");

        Assert.Equal("sofa shows school.\n", await SayAsync("seat switch sofa learn"));
        await RefuseAsync("seat switch sofa desk", "desk is for Mum: say who you are with --person NAME");
        await RefuseAsync("seat switch sofa desk --person Mum", "Mum has a PIN, which has to be given");
        await RefuseAsync("seat switch sofa desk --person Mum --pin-stdin", "that is not the PIN of Mum: try again", "0000\n");
        Assert.Equal("sofa shows desk.\n", await SayAsync("seat switch sofa desk --person Mum --pin-stdin", "1234\n"));
        Assert.Contains("sofa  desk   running  learn=school", await SayAsync("seat list"), StringComparison.Ordinal);
        Assert.Contains("shows             nothing", await SayAsync("seat assign sofa none"), StringComparison.Ordinal);
        Assert.Contains("modes             none", await SayAsync("seat edit sofa --mode learn="), StringComparison.Ordinal);
        Assert.Contains("outputs           HDMI-A-1", await SayAsync("seat show sofa"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("guest start nobody", "there is no guest nobody: `hearth guest list` shows those there are")]
    [InlineData("guest add", "Required argument 'NAME' missing for command: 'add'")]
    [InlineData("guest add a", "nothing to run: give the guest a disk with --disk FILE")]
    [InlineData("guest add a --disk b,bus=scsi", "--disk b,bus=scsi: scsi is neither virtio nor ide")]
    [InlineData("guest add a --disk b --memory lots", "--memory lots is no size")]
    [InlineData("guest rewind a", "Option '--to' is required")]
    [InlineData("guest list --home \"\"", "--home names no folder")]
    [InlineData("seat add sofa --mode learn", "--mode learn is none: write a name and a guest, such as learn=school")]
    [InlineData("seat show nowhere", "there is no seat nowhere")]
    [InlineData("person add Mum", "a PIN is typed at a terminal: without one give it a line of standard input, with --pin-stdin")]
    [InlineData("person add Mum --pin-stdin", "--pin-stdin: there is no line on standard input")]
    [InlineData("person pin nobody --remove", "there is no person nobody")]
    [InlineData("events --limit -1", "--limit -1 is no number of events")]
    [InlineData("up", "hearth is running already in ")]
    [InlineData("up --foreground", "hearth is running already in ")]
    public Task Mistake_givesOneSentence(string arguments, string expected) => RefuseAsync(arguments, expected);

    [Fact]
    public async Task Failure_ofTheHost_hasItsOwnCode()
    {
        await _fixture.AddGuestAsync("play");
        _fixture.Runs.Failures["start 1"] = new GuestRunException("the disk /play.qcow2 is gone");

        Assert.Equal((ExitCode.HostFault, "", "hearth: the disk /play.qcow2 is gone.\n"), await _fixture.RunAsync("guest start play"));
    }

    [Fact]
    public async Task Remove_withoutATerminal_wantsToBeSure()
    {
        await _fixture.AddGuestAsync("play");
        _fixture.Runs.AddState(1, _fixture.Clock.GetUtcNow());

        await RefuseAsync("guest remove play", "play would be gone for good, with 1 saved state: say --force to remove it without being asked");
    }

    [Fact]
    public async Task Screenshot_isWrittenToAFile()
    {
        await _fixture.AddGuestAsync("play");
        _fixture.Runs.Picture = [1, 2, 3];

        await SayAsync("guest screenshot play");
        await RefuseAsync("guest screenshot play /nonexistent/a.png", "/nonexistent/a.png cannot be written");

        Assert.Equal([1, 2, 3], await File.ReadAllBytesAsync(Path.Combine(Path.GetDirectoryName(_fixture.Home.Path)!, "play.png"), End));
    }

    [Fact]
    public async Task Console_passesBytesBothWays()
    {
        await _fixture.AddGuestAsync("play");
        (Stream port, Stream guest) = StreamPair.Create();
        _fixture.Runs.Console = () => port;
        Task<(int Code, string Output, string Error)> console = _fixture.RunAsync("guest console play", "ls\n");
        var typed = new byte[3];
        await guest.ReadExactlyAsync(typed, End);
        await guest.WriteAsync("bin\n"u8.ToArray(), End);
        guest.Dispose();

        Assert.Equal("ls\n"u8.ToArray(), typed);
        Assert.Equal((ExitCode.Success, "bin\n", ""), await console);
    }

    [Fact]
    public async Task Status_tellsWhatSeatsShow()
    {
        await _fixture.AddGuestAsync("play");
        await SayAsync("seat add sofa");
        await SayAsync("seat switch sofa play");

        Assert.Contains("sofa              play, running", await SayAsync("status"), StringComparison.Ordinal);
        Assert.Equal(1, (int)JsonNode.Parse(await SayAsync("status --json"))!["running"]!);
        Assert.Contains("up, with 1 of 1 guests running", await SayAsync("doctor"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Names_areCompletedFromTheDaemon()
    {
        await _fixture.AddGuestAsync("play");
        await SayAsync("seat add sofa --mode learn=play");

        Assert.Contains("play\n", await SuggestAsync("hearth guest start "), StringComparison.Ordinal);
        Assert.Contains("sofa\n", await SuggestAsync("hearth seat switch "), StringComparison.Ordinal);
        Assert.Contains("learn\n", await SuggestAsync("hearth seat switch sofa "), StringComparison.Ordinal);
        Assert.Contains("rewind\n", await SuggestAsync("hearth guest re"), StringComparison.Ordinal);
        await _fixture.StopAsync();
        Assert.DoesNotContain("play\n", await SuggestAsync("hearth guest start "), StringComparison.Ordinal);
    }

    [Fact]
    public async Task WithoutADaemon_saysHowToStartIt()
    {
        await _fixture.StopAsync();

        foreach (string command in new[] { "status", "guest list", "seat list", "person list", "events --follow", "down" })
            await RefuseAsync(command, "hearth is not running here: start it with `hearth up`");
    }

    [Theory]
    [InlineData("bash", "complete -o default -F _hearth hearth")]
    [InlineData("zsh", "compdef _hearth hearth")]
    [InlineData("fish", "complete -c hearth")]
    public async Task Completion_isAScript(string shell, string expected) => Assert.Contains(expected, await SayAsync($"completion {shell}"), StringComparison.Ordinal);

    private Task<string> SuggestAsync(string line) => SayAsync($"\"[suggest:{line.Length}]\" \"{line}\"");

    private async Task<JsonNode> SettingsAsync(string guest) => JsonNode.Parse(await SayAsync($"guest show {guest} --json"))!["settings"]!;

    private async Task<string> SayAsync(string arguments, string input = "")
    {
        (int code, string output, string error) = await _fixture.RunAsync(arguments, input);
        Assert.Equal((ExitCode.Success, ""), (code, error));
        return output;
    }

    private async Task RefuseAsync(string arguments, string expected, string input = "")
    {
        (int code, string output, string error) = await _fixture.RunAsync(arguments, input);
        Assert.Equal((ExitCode.Configuration, ""), (code, output));
        Assert.StartsWith("hearth: ", error, StringComparison.Ordinal);
        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.EndsWith(".\n", error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd('\n').Split('\n'));
    }
}
