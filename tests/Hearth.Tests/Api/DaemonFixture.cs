using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Hearth.Api;
using Hearth.House;
using Hearth.Running;
using Hearth.Tests.House;

namespace Hearth.Tests.Api;

/// <summary>A daemon at a real socket in a home folder of its own, with guests that have no processes.</summary>
internal sealed class DaemonFixture : IAsyncDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("hearth-api-");
    private Daemon? _daemon;

    private DaemonFixture()
    {
        Home = new HomeFolder(Path.Combine(_root.FullName, "home"));
        Runs = new FakeRuns(Clock);
        Http = new HttpClient(new SocketsHttpHandler { ConnectCallback = ConnectAsync }) { BaseAddress = new Uri("http://hearth") };
    }

    public HomeFolder Home { get; }

    public HouseClock Clock { get; } = new();

    public FakeRuns Runs { get; }

    public Daemon Daemon => _daemon!;

    /// <summary>A client that knows nothing of the API.</summary>
    public HttpClient Http { get; }

    public List<string> Log { get; } = [];

    public static async Task<DaemonFixture> StartAsync()
    {
        var fixture = new DaemonFixture();
        fixture._daemon = await fixture.StartDaemonAsync();
        return fixture;
    }

    /// <summary>Another daemon at the same home folder.</summary>
    public Task<Daemon> StartDaemonAsync() =>
        Daemon.StartAsync(new DaemonStart(Home, _ => Task.FromResult<IGuestRuns>(Runs), Clock, Log.Add) { Hash = new PinHash(1) });

    /// <summary>Sends a request, and reads an answer that is JSON.</summary>
    public async Task<(int Status, JsonNode? Body)> SendAsync(string method, string path, string? body = null, string? accept = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
        if (accept is not null)
            request.Headers.Accept.ParseAdd(accept);
        using HttpResponseMessage answer = await Http.SendAsync(request);
        string text = await answer.Content.ReadAsStringAsync();
        bool isProblem = answer.Content.Headers.ContentType?.MediaType == "application/problem+json";
        Assert.Equal(!answer.IsSuccessStatusCode, isProblem);
        return ((int)answer.StatusCode, text.Length == 0 ? null : JsonNode.Parse(text));
    }

    public async Task AddGuestAsync(string name) =>
        Assert.Equal(201, (await SendAsync("POST", "/v1/guests", $$"""{ "name": "{{name}}", "disks": [{ "path": "/{{name}}.qcow2" }] }""")).Status);

    /// <summary>Runs the command as a user does.</summary>
    public Task<(int Code, string Output, string Error)> RunAsync(string arguments, string input = "") => HearthProcess.RunAsync(Home.Path, arguments, input);

    public async Task StopAsync()
    {
        if (_daemon is not null)
            await _daemon.DisposeAsync();
        _daemon = null;
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await StopAsync();
        _root.Delete(recursive: true);
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(Home.Socket), cancellation);
        return new NetworkStream(socket, ownsSocket: true);
    }
}
