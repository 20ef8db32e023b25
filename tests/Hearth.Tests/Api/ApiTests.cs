using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Hearth.Running;

namespace Hearth.Tests.Api;

/// <summary>The API over HTTP, as a program finds it that knows nothing but its document.</summary>
public sealed class ApiTests : IAsyncLifetime
{
    private DaemonFixture _fixture = null!;

    private static CancellationToken End => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _fixture = await DaemonFixture.StartAsync();
        await _fixture.AddGuestAsync("play");
    }

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Theory]
    [InlineData("GET", "/v1/guests/nobody", null, 404, "guest-not-found", "there is no guest nobody: `hearth guest list` shows those there are")]
    [InlineData("POST", "/v1/guests/nobody/start", null, 404, "guest-not-found", "there is no guest nobody")]
    [InlineData("GET", "/v1/guests/play/states/7", null, 404, "state-not-found", "play has no state 7")]
    [InlineData("GET", "/v1/guests/play/states/last", null, 404, "no-such-address", "there is no /v1/guests/play/states/last: /openapi.json tells what there is")]
    [InlineData("GET", "/v1/seats/nowhere", null, 404, "seat-not-found", "there is no seat nowhere")]
    [InlineData("GET", "/v1/persons/nobody", null, 404, "person-not-found", "there is no person nobody")]
    [InlineData("GET", "/v2", null, 404, "no-such-address", "there is no /v2: /openapi.json tells what there is")]
    [InlineData("DELETE", "/v1/status", null, 405, "no-such-method", "/v1/status knows no DELETE: /openapi.json tells what it knows")]
    [InlineData("POST", "/v1/guests", """{ "name": "PLAY", "cdRoms": ["/a"] }""", 409, "name-taken", "there is a guest play already: choose another name")]
    [InlineData("POST", "/v1/guests", """{ "name": "a b", "cdRoms": ["/a"] }""", 400, "invalid", "\"a b\" cannot be a guest's name")]
    [InlineData("POST", "/v1/guests", """{ "name": "a", "cdRoms": ["/a"], "persons": ["nobody"] }""", 404, "person-not-found", "there is no person nobody")]
    [InlineData("POST", "/v1/guests", """{ "name": "a" }""", 400, "invalid", "nothing to run")]
    [InlineData("POST", "/v1/guests", null, 400, "invalid", "a guest needs a name")]
    [InlineData("POST", "/v1/guests", """{ "nmae": "a" }""", 400, "invalid", "the request's body makes no sense: nmae is no field of it")]
    [InlineData("POST", "/v1/guests", """{ "disks": [{ "path": "/a", "size": 3 }] }""", 400, "invalid", "disks[0].size is no field of it")]
    [InlineData("POST", "/v1/guests", """{ "name": "a", "name": "b" }""", 400, "invalid", "makes no sense")]
    [InlineData("POST", "/v1/guests", """{ "cpus": "two" }""", 400, "invalid", "cpus is no field of it, is there twice, or has a value of another kind (line 1)")]
    [InlineData("POST", "/v1/guests", "{", 400, "invalid", "the request's body makes no sense")]
    [InlineData("POST", "/v1/guests", "null", 400, "invalid", "the request's body is null")]
    [InlineData("PATCH", "/v1/guests/play", """{ "memory": "lots" }""", 400, "invalid", "--memory lots is no size")]
    [InlineData("POST", "/v1/guests/play/rewind", """{ "to": "soon" }""", 400, "invalid", "\"soon\" is no time to go back to")]
    [InlineData("POST", "/v1/guests/play/stop", """{ "patienceSeconds": -1 }""", 400, "invalid", "-1 seconds are no patience")]
    [InlineData("GET", "/v1/guests/play/screenshot", null, 404, "state-not-found", "play does not run and was not saved, so that there is no picture")]
    [InlineData("GET", "/v1/guests/play/console", null, 400, "invalid", "a console is a stream: ask for it with the headers Connection: Upgrade and Upgrade: hearth-console")]
    [InlineData("GET", "/v1/events?limit=many", null, 400, "invalid", "limit=many in the address is no number")]
    [InlineData("POST", "/v1/seats", """{ "name": "sofa", "modes": { "learn": "nobody" } }""", 404, "guest-not-found", "there is no guest nobody")]
    [InlineData("POST", "/v1/persons", """{ "name": "Mum", "pin": "12" }""", 400, "invalid", "a PIN has 4 to 12 digits and nothing else")]
    public async Task Send_aMistake_givesAProblem(string method, string path, string? body, int status, string code, string detail)
    {
        (int given, JsonNode? problem) = await _fixture.SendAsync(method, path, body);

        Assert.Equal((status, status, code), (given, (int)problem!["status"]!, (string?)problem["code"]));
        Assert.Contains(detail, (string?)problem["detail"], StringComparison.Ordinal);
        Assert.NotEqual("", (string?)problem["title"]);
        Assert.Empty(_fixture.Log);
    }

    [Fact]
    public async Task Send_aBodyThatIsTooLarge_isRefused()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/guests") { Content = new ByteArrayContent(new byte[(1 << 20) + 1]) };

        // What is refused is not sent at all.
        request.Headers.ExpectContinue = true;
        using HttpResponseMessage answer = await _fixture.Http.SendAsync(request, End);
        JsonNode problem = JsonNode.Parse(await answer.Content.ReadAsStringAsync(End))!;

        Assert.Equal((413, "too-large"), ((int)answer.StatusCode, (string?)problem["code"]));
    }

    [Fact]
    public async Task Guest_isAddedShownChangedAndRemoved()
    {
        (int added, JsonNode? guest) = await _fixture.SendAsync("POST", "/v1/guests", """{ "name": "Гра", "memory": "512M", "kernel": "/vmlinuz", "cpuCap": 50 }""");
        Assert.Equal((201, "stopped", "512M", 50), (added, (string?)guest!["phase"], (string?)guest["settings"]!["memory"], (int)guest["settings"]!["cpuCap"]!));

        guest = (await _fixture.SendAsync("PATCH", $"/v1/guests/{Uri.EscapeDataString("гра")}", """{ "name": "Game", "kernel": "", "cdRoms": ["/cd"], "cpuCap": 0 }""")).Body;
        Assert.Equal(("Game", "512M", null, null), ((string?)guest!["name"], (string?)guest["settings"]!["memory"], guest["settings"]!["kernel"], guest["settings"]!["cpuCap"]));

        Assert.Equal(204, (await _fixture.SendAsync("DELETE", "/v1/guests/Game")).Status);
        Assert.Equal(["play"], (await _fixture.SendAsync("GET", "/v1/guests")).Body!.AsArray().Select(each => (string?)each!["name"]));
    }

    [Fact]
    public async Task Guest_startsPausesAndStops()
    {
        foreach ((string verb, string phase) in new[] { ("start", "running"), ("pause", "paused"), ("resume", "running"), ("restart", "running"), ("stop", "stopped") })
            Assert.Equal(phase, (string?)(await _fixture.SendAsync("POST", $"/v1/guests/play/{verb}")).Body!["phase"]);
        await _fixture.SendAsync("POST", "/v1/guests/play/start", """{ "boot": true }""");
        await _fixture.SendAsync("POST", "/v1/guests/play/stop", """{ "patienceSeconds": 0 }""");

        Assert.Equal(["start 1", "pause 1", "resume 1", "stop 1", "boot 1", "stop 1", "boot 1", "kill 1"], _fixture.Runs.Asked);
    }

    [Fact]
    public async Task Save_toAClientThatAcceptsLines_tellsHowFarItIs()
    {
        var saving = new TaskCompletionSource();
        _fixture.Runs.Holds["save 1"] = saving.Task;
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/guests/play/save") { Content = new StringContent("""{ "label": "before", "pinned": true }""", Encoding.UTF8, "application/json") };
        request.Headers.Accept.ParseAdd("application/x-ndjson");
        using HttpResponseMessage answer = await _fixture.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, End);
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync(End));

        Assert.Equal("application/x-ndjson", answer.Content.Headers.ContentType!.MediaType);
        Assert.Equal("""{"progress":0}""", await lines.ReadLineAsync(End));
        Assert.Equal("""{"progress":0.25}""", await lines.ReadLineAsync(End));
        saving.SetResult();
        Assert.Equal("""{"progress":1}""", await lines.ReadLineAsync(End));
        JsonNode result = JsonNode.Parse((await lines.ReadLineAsync(End))!)!["result"]!;
        Assert.Equal((1, "before", true, 7.0), ((int)result["id"]!, (string?)result["label"], (bool)result["pinned"]!, (double)result["pauseMilliseconds"]!));
        Assert.Null(await lines.ReadLineAsync(End));
    }

    [Fact]
    public async Task Save_thatFails_endsTheLinesWithTheProblem()
    {
        _fixture.Runs.Failures["save 1"] = new GuestRunException("play is not running", GuestRunFailure.WrongPhase);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/guests/play/save");
        request.Headers.Accept.ParseAdd("application/x-ndjson");
        using HttpResponseMessage answer = await _fixture.Http.SendAsync(request, End);
        string last = (await answer.Content.ReadAsStringAsync(End)).TrimEnd('\n').Split('\n')[^1];

        Assert.Equal("""{"problem":{"title":"Not as the guest is now","status":409,"detail":"play is not running","code":"wrong-phase"}}""", last);
        Assert.Equal(409, (await _fixture.SendAsync("POST", "/v1/guests/play/save")).Status);
    }

    [Fact]
    public async Task States_areListedPinnedAndGivenUp()
    {
        _fixture.Runs.AddState(1, _fixture.Clock.GetUtcNow());
        _fixture.Runs.AddState(1, _fixture.Clock.GetUtcNow(), "two");

        Assert.Equal([2, 1], (await _fixture.SendAsync("GET", "/v1/guests/play/states")).Body!.AsArray().Select(state => (int)state!["id"]!));
        Assert.True((bool)(await _fixture.SendAsync("PATCH", "/v1/guests/play/states/1", """{ "pinned": true }""")).Body!["pinned"]!);
        Assert.Equal(204, (await _fixture.SendAsync("DELETE", "/v1/guests/play/states/2")).Status);
        Assert.Equal(1, (int)(await _fixture.SendAsync("POST", "/v1/guests/play/restore")).Body!["id"]!);
        Assert.Equal(1, (int)(await _fixture.SendAsync("POST", "/v1/guests/play/rewind", """{ "to": "0s" }""")).Body!["id"]!);
        Assert.Equal(["restore-1-keep 1", "restore-1-keep 1"], _fixture.Runs.Asked);
    }

    [Fact]
    public async Task Screenshot_isAPicture()
    {
        _fixture.Runs.Picture = Hearth.Screen.PngWriter.Write(2, 1, [1, 2, 3, 0, 4, 5, 6, 0]);
        _fixture.Runs.AddState(1, _fixture.Clock.GetUtcNow());
        using HttpResponseMessage screen = await _fixture.Http.GetAsync("/v1/guests/play/screenshot", End);
        using HttpResponseMessage state = await _fixture.Http.GetAsync("/v1/guests/play/states/1/picture", End);

        Assert.Equal("image/png", screen.Content.Headers.ContentType!.MediaType);
        Assert.Equal(_fixture.Runs.Picture, await screen.Content.ReadAsByteArrayAsync(End));
        Assert.Equal(_fixture.Runs.Picture, await state.Content.ReadAsByteArrayAsync(End));
    }

    [Fact]
    public async Task Console_isAStreamBothWays()
    {
        (Stream port, Stream guest) = StreamPair.Create();
        _fixture.Runs.Console = () => port;
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/guests/play/console");
        request.Headers.Connection.Add("Upgrade");
        request.Headers.Upgrade.ParseAdd("hearth-console");
        using HttpResponseMessage answer = await _fixture.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, End);
        Assert.Equal(HttpStatusCode.SwitchingProtocols, answer.StatusCode);
        using Stream client = await answer.Content.ReadAsStreamAsync(End);

        await client.WriteAsync("root\n"u8.ToArray(), End);
        Assert.Equal("root\n", await ReadAsync(guest, 5));
        await guest.WriteAsync(new byte[] { 0, 255, (byte)'#' }, End);
        Assert.Equal("\0\uFFFD#", await ReadAsync(client, 3));
        guest.Dispose();
        Assert.Equal(0, await client.ReadAsync(new byte[1], End));
    }

    [Fact]
    public async Task Switch_ofAGuestForMum_needsHerPinAndMakesWaitAfterWrongOnes()
    {
        await _fixture.SendAsync("POST", "/v1/persons", """{ "name": "Mum", "pin": "1234" }""");
        await _fixture.SendAsync("PATCH", "/v1/guests/play", """{ "persons": ["mum"] }""");
        await _fixture.SendAsync("POST", "/v1/seats", """{ "name": "sofa", "modes": { "fun": "play" } }""");
        string[] expected = ["not-allowed 403", "pin-needed 403", "pin-wrong 403", "pin-wrong 403", "pin-wrong 403", "pin-wait 429"];
        string[] bodies =
        [
            """{ "to": "fun" }""", """{ "to": "fun", "person": "Mum" }""", .. Enumerable.Repeat("""{ "to": "fun", "person": "Mum", "pin": "0000" }""", 3),
            """{ "to": "fun", "person": "Mum", "pin": "1234" }""",
        ];
        var given = new List<string>();
        foreach (string body in bodies)
        {
            (int status, JsonNode? problem) = await _fixture.SendAsync("POST", "/v1/seats/sofa/switch", body);
            given.Add($"{problem!["code"]} {status}");
        }

        Assert.Equal(expected, given);
        Assert.Equal(2, (double)(await _fixture.SendAsync("GET", "/v1/persons/Mum")).Body!["waitSeconds"]!);
        _fixture.Clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("play", (string?)(await _fixture.SendAsync("POST", "/v1/seats/sofa/switch", bodies[^1])).Body!["guest"]);
    }

    [Fact]
    public async Task Answers_neverHaveAPinInThem()
    {
        await _fixture.SendAsync("POST", "/v1/persons", """{ "name": "Mum", "pin": "987654" }""");
        await _fixture.SendAsync("POST", "/v1/persons/Mum/check", """{ "pin": "987653" }""");
        var said = new StringBuilder();
        foreach (string path in new[] { "/v1/persons", "/v1/persons/Mum", "/v1/events", "/v1/status" })
            said.Append((await _fixture.SendAsync("GET", path)).Body!.ToJsonString());

        Assert.DoesNotContain("98765", said.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("pbkdf2", said.ToString(), StringComparison.Ordinal);
        Assert.Contains("a wrong PIN of Mum was given", said.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Events_areFollowedAsTheyCome()
    {
        using HttpResponseMessage answer = await _fixture.Http.GetAsync("/v1/events?follow&limit=1", HttpCompletionOption.ResponseHeadersRead, End);
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync(End));
        Assert.NotEqual("", (string?)JsonNode.Parse((await lines.ReadLineAsync(End))!)!["sentence"]);

        await _fixture.SendAsync("POST", "/v1/persons", """{ "name": "Mum" }""");

        string? line;
        do
            line = await lines.ReadLineAsync(End);
        while (line?.Contains("Mum lives here now", StringComparison.Ordinal) == false);
        Assert.Equal("person.added", (string?)JsonNode.Parse(line!)!["kind"]);

        // A client that only listens keeps no daemon from ending.
        await _fixture.StopAsync();
        Assert.Null(await lines.ReadLineAsync(End));
    }

    [Fact]
    public async Task Events_areReadFromOneOn()
    {
        JsonArray all = (await _fixture.SendAsync("GET", "/v1/events")).Body!.AsArray();
        long first = (long)all[0]!["id"]!;

        Assert.Equal(first + 1, (long)(await _fixture.SendAsync("GET", $"/v1/events?after={first}&limit=1")).Body![0]!["id"]!);
    }

    private static async Task<string> ReadAsync(Stream from, int count)
    {
        var buffer = new byte[count];
        await from.ReadExactlyAsync(buffer, End);
        return Encoding.UTF8.GetString(buffer);
    }
}
