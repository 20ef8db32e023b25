using System.Runtime.Versioning;
using Hearth.Api;
using Hearth.Linux;
using Hearth.Running;

namespace Hearth.Tests.Api;

/// <summary>The daemon as a process of a home folder: lock, socket, end.</summary>
public sealed class DaemonTests : IAsyncLifetime
{
    private DaemonFixture _fixture = null!;

    public async ValueTask InitializeAsync() => _fixture = await DaemonFixture.StartAsync();

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public void Home_isForItsOwnerAlone()
    {
        const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
        string[] files = Directory.GetFiles(_fixture.Home.Path);

        Assert.Equal(4, files.Length);
        Assert.All(files, file => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file)));
        Assert.Equal(UnixFileMode.None, File.GetUnixFileMode(_fixture.Home.Path) & Others);
    }

    [Fact]
    public async Task Start_aSecondDaemon_isRefusedAndTheFirstGoesOn()
    {
        var error = await Assert.ThrowsAsync<UsageException>(_fixture.StartDaemonAsync);

        Assert.Equal($"hearth is running already in {_fixture.Home.Path}: `hearth status` tells what it does, `hearth down` ends it", error.Message);
        Assert.Equal(200, (await _fixture.SendAsync("GET", "/v1/status")).Status);
    }

    [Fact]
    public async Task Start_overTheSocketOfADeadDaemon_takesItsPlace()
    {
        await _fixture.StopAsync();
        FileDescriptor.Listen(_fixture.Home.Socket).Dispose();
        Assert.True(File.Exists(_fixture.Home.Socket));

        await using Daemon daemon = await _fixture.StartDaemonAsync();

        Assert.Equal(200, (await _fixture.SendAsync("GET", "/v1/status")).Status);
    }

    [Fact]
    public async Task Down_savesGuestsAndLetsTheDaemonEnd()
    {
        await _fixture.AddGuestAsync("play");
        await _fixture.SendAsync("POST", "/v1/guests/play/start");

        Assert.Equal(204, (await _fixture.SendAsync("POST", "/v1/down")).Status);

        await _fixture.Daemon.Down.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        Assert.Equal(GuestPhase.Saved, _fixture.Runs.ConditionOf(1).Phase);
        await _fixture.StopAsync();
        Assert.False(File.Exists(_fixture.Home.Socket));
    }

    [Fact]
    public async Task Down_withAGuestThatCannotBeSaved_staysUp()
    {
        await _fixture.AddGuestAsync("play");
        await _fixture.SendAsync("POST", "/v1/guests/play/start");
        _fixture.Runs.Failures["save 1"] = new GuestRunException("the disk is full");

        (int status, var problem) = await _fixture.SendAsync("POST", "/v1/down");

        Assert.Equal((500, "host"), (status, (string?)problem!["code"]));
        Assert.StartsWith("play cannot be saved, so Hearth stays up: the disk is full; ", (string?)problem["detail"], StringComparison.Ordinal);
        Assert.False(_fixture.Daemon.Down.IsCompleted);
        Assert.Equal(204, (await _fixture.SendAsync("POST", "/v1/down", """{ "keepGuests": true }""")).Status);
    }

    [Fact]
    public async Task Restart_findsEverythingAgain()
    {
        await _fixture.AddGuestAsync("play");
        await _fixture.SendAsync("POST", "/v1/seats", """{ "name": "sofa", "guest": "play" }""");
        await _fixture.StopAsync();

        await using Daemon daemon = await _fixture.StartDaemonAsync();

        Assert.Equal("play", (string?)(await _fixture.SendAsync("GET", "/v1/seats/sofa")).Body!["guest"]);
    }

    [Fact]
    public async Task Start_whereNoFolderCanBe_saysSo()
    {
        var start = new DaemonStart(new HomeFolder("/proc/nowhere"), _ => throw new InvalidOperationException(), _fixture.Clock, _ => { });

        var error = await Assert.ThrowsAsync<UsageException>(() => Daemon.StartAsync(start));

        Assert.StartsWith("the home folder /proc/nowhere cannot be made", error.Message, StringComparison.Ordinal);
    }
}
