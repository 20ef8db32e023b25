using System.Text.Json.Nodes;
using Hearth.Protocol;
using Hearth.Store;

namespace Hearth.Tests.Api;

/// <summary><c>hearth up</c> and <c>hearth down</c> as a user types them, with the daemon that they start.</summary>
public sealed class UpCommandTests : IAsyncDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("hearth-up-");

    private string Home => Path.Combine(_root.FullName, "home");

    public async ValueTask DisposeAsync()
    {
        _ = await RunAsync("down --keep-guests");
        _root.Delete(recursive: true);
    }

    [Fact]
    public async Task Up_startsADaemon_whichDownEnds()
    {
        (int code, string output, string error) = await RunAsync("up");
        Assert.Equal((ExitCode.Success, ""), (code, error));
        Assert.Equal($"Hearth is up in {Home}.\nThere is no guest yet: `hearth guest add NAME --disk FILE` brings one, and `hearth guest start NAME` starts it.\n", output);

        JsonNode status = JsonNode.Parse((await RunAsync("status --json")).Output)!;
        Assert.Equal((Home, 0), ((string?)status["home"], (int)status["guests"]!));
        Assert.Equal((ExitCode.Success, "", ""), await RunAsync("guest add play --disk /play.qcow2 --json") with { Output = "" });

        Assert.Equal((ExitCode.Success, "Hearth is down, and every guest is saved.\n", ""), await RunAsync("down"));
        Assert.Equal("hearth: hearth is not running here: start it with `hearth up`.\n", (await RunAsync("status")).Error);

        Assert.Equal($"Hearth is up in {Home}.\n0 of 1 guests run: `hearth status` tells what is there.\n", (await RunAsync("up")).Output);
    }

    [Fact]
    public async Task Up_namesGuestsThatDoNotComeBack()
    {
        await RunAsync("up");
        await RunAsync("guest add play --disk /nonexistent/play.qcow2 --autostart true");
        await RunAsync("down");

        (int code, string output, string error) = await RunAsync("up");

        Assert.Equal((ExitCode.Success, ""), (code, error));
        Assert.Matches(@"\nplay did not start with the house: .*/nonexistent/play\.qcow2.*\.\n0 of 1 guests run: `hearth status` tells what is there\.\n$", output);
    }

    [Fact]
    public async Task Up_overADamagedStore_saysHowToGoOn_andGoesOn()
    {
        await RunAsync("up");
        await RunAsync("seat add sofa");
        await RunAsync("down");
        var paths = new StorePaths(Home);
        string backup = Path.Combine(_root.FullName, "backup.db");
        File.Copy(paths.Data, backup);
        byte[] damaged = [.. Enumerable.Repeat((byte)0x5A, 100_000)];
        await File.WriteAllBytesAsync(paths.Data, damaged, TestContext.Current.CancellationToken);

        (int code, _, string error) = await RunAsync("up");
        Assert.Equal(ExitCode.Configuration, code);
        Assert.StartsWith($"hearth: {paths.Data} is damaged and was left as it is; the newest backup is {paths.Backups[0]}: `hearth up --from-backup ", error, StringComparison.Ordinal);
        Assert.Contains("damaged and was left as it is", (await RunAsync("doctor")).Output.ReplaceLineEndings(" "), StringComparison.Ordinal);

        Assert.Equal((ExitCode.Success, ""), await RunAsync($"up --from-backup {backup}") is var (again, _, why) ? (again, why) : default);
        Assert.Equal("sofa", (string?)JsonNode.Parse((await RunAsync("seat list --json")).Output)![0]!["name"]);
        Assert.Contains(Directory.EnumerateFiles(Home, "hearth.db.replaced-*"), file => File.ReadAllBytes(file).AsSpan().SequenceEqual(damaged));
    }

    private Task<(int Code, string Output, string Error)> RunAsync(string arguments) => HearthProcess.RunAsync(Home, arguments);
}
