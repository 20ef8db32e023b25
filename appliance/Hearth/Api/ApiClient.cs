using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Hearth.Api.Messages;

namespace Hearth.Api;

/// <summary>Asks the daemon of a home folder. What commands use; it knows nothing of ASP.NET, which would take longer to load than most answers to come.</summary>
internal sealed class ApiClient : IDisposable
{
    public const string Ndjson = "application/x-ndjson";
    public const string ConsoleProtocol = "hearth-console";

    private readonly HomeFolder _home;
    private readonly HttpClient _http;

    /// <param name="patience">For an answer; null for as long as it takes.</param>
    public ApiClient(HomeFolder home, TimeSpan? patience = null)
    {
        _home = home;
        _http = new HttpClient(new SocketsHttpHandler { ConnectCallback = ConnectAsync, UseProxy = false, AllowAutoRedirect = false, UseCookies = false })
        {
            // No host is asked for: the name is only there because HTTP wants one.
            BaseAddress = new Uri("http://hearth"),
            Timeout = patience ?? Timeout.InfiniteTimeSpan,
        };
    }

    public async Task<T> GetAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancellation = default)
    {
        using HttpResponseMessage answer = await SendAsync(HttpMethod.Get, path, null, null, cancellation).ConfigureAwait(false);
        return await ReadAsync(answer, type, cancellation).ConfigureAwait(false);
    }

    /// <summary>The answer as it comes.</summary>
    public async Task<byte[]> GetBytesAsync(string path, CancellationToken cancellation = default)
    {
        using HttpResponseMessage answer = await SendAsync(HttpMethod.Get, path, null, null, cancellation).ConfigureAwait(false);
        return await answer.Content.ReadAsByteArrayAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>Asks for something that answers with what it made of it.</summary>
    public async Task<TAnswer> AskAsync<TBody, TAnswer>(HttpMethod method, string path, TBody body, JsonTypeInfo<TBody> takes, JsonTypeInfo<TAnswer> gives, CancellationToken cancellation = default)
    {
        using HttpResponseMessage answer = await SendAsync(method, path, JsonSerializer.SerializeToUtf8Bytes(body, takes), null, cancellation).ConfigureAwait(false);
        return await ReadAsync(answer, gives, cancellation).ConfigureAwait(false);
    }

    /// <summary>Asks for something that has nothing to answer.</summary>
    public async Task DoAsync<TBody>(HttpMethod method, string path, TBody body, JsonTypeInfo<TBody> takes, CancellationToken cancellation = default)
    {
        using HttpResponseMessage answer = await SendAsync(method, path, JsonSerializer.SerializeToUtf8Bytes(body, takes), null, cancellation).ConfigureAwait(false);
    }

    /// <inheritdoc cref="DoAsync{TBody}"/>
    public async Task DoAsync(HttpMethod method, string path, CancellationToken cancellation = default)
    {
        using HttpResponseMessage answer = await SendAsync(method, path, null, null, cancellation).ConfigureAwait(false);
    }

    /// <summary>Asks for something that takes its time.</summary>
    public async Task<TAnswer> AskLongAsync<TBody, TAnswer>(string path, TBody body, JsonTypeInfo<TBody> takes, JsonTypeInfo<LongAnswer<TAnswer>> gives, IProgress<double> progress, CancellationToken cancellation = default)
        where TAnswer : class
    {
        using HttpResponseMessage answer = await SendAsync(HttpMethod.Post, path, JsonSerializer.SerializeToUtf8Bytes(body, takes), Ndjson, cancellation).ConfigureAwait(false);
        await foreach (LongAnswer<TAnswer> line in ReadLinesAsync(answer, gives, cancellation).ConfigureAwait(false))
        {
            if (line.Problem is { } problem)
                throw new ApiException(problem);
            if (line.Result is { } result)
                return result;
            progress.Report(line.Progress ?? 0);
        }

        throw Gone(null);
    }

    /// <summary>Lines, as they come.</summary>
    public async IAsyncEnumerable<T> FollowAsync<T>(string path, JsonTypeInfo<T> type, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using HttpResponseMessage answer = await SendAsync(HttpMethod.Get, path, null, Ndjson, cancellation).ConfigureAwait(false);
        await foreach (T line in ReadLinesAsync(answer, type, cancellation).ConfigureAwait(false))
            yield return line;
    }

    /// <summary>Opens a stream of bytes to and from a guest.</summary>
    public async Task<Stream> UpgradeAsync(string path, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Connection.Add("Upgrade");
        request.Headers.Upgrade.Add(new(ConsoleProtocol));
        HttpResponseMessage answer = await SendAsync(request, cancellation).ConfigureAwait(false);
        return await answer.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
    }

    public void Dispose() => _http.Dispose();

    /// <summary>The part of an address that a name is.</summary>
    public static string Part(string name) => Uri.EscapeDataString(name);

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, byte[]? body, string? accept, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, path);
        if (accept is not null)
            request.Headers.Accept.ParseAdd(accept);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = new("application/json");
        }

        return await SendAsync(request, cancellation).ConfigureAwait(false);
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        HttpResponseMessage answer;
        try
        {
            answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation).ConfigureAwait(false);
        }
        catch (HttpRequestException error)
        {
            throw Gone(error);
        }

        if (answer.IsSuccessStatusCode || answer.StatusCode == HttpStatusCode.SwitchingProtocols)
            return answer;
        using (answer)
            throw new ApiException(await ReadProblemAsync(answer, cancellation).ConfigureAwait(false));
    }

    private static async Task<Problem> ReadProblemAsync(HttpResponseMessage answer, CancellationToken cancellation)
    {
        byte[] body = await answer.Content.ReadAsByteArrayAsync(cancellation).ConfigureAwait(false);
        try
        {
            return JsonSerializer.Deserialize(body, ApiJson.Client.Problem) ?? throw new JsonException();
        }
        catch (JsonException)
        {
            return new Problem("No answer", (int)answer.StatusCode, $"hearth answered with {(int)answer.StatusCode} and nothing more: see its log", "internal");
        }
    }

    private async Task<T> ReadAsync<T>(HttpResponseMessage answer, JsonTypeInfo<T> type, CancellationToken cancellation)
    {
        try
        {
            byte[] body = await answer.Content.ReadAsByteArrayAsync(cancellation).ConfigureAwait(false);
            return JsonSerializer.Deserialize(body, type) ?? throw Gone(null);
        }
        catch (HttpRequestException error)
        {
            throw Gone(error);
        }
    }

    private async IAsyncEnumerable<T> ReadLinesAsync<T>(HttpResponseMessage answer, JsonTypeInfo<T> type, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false), Encoding.UTF8);
        while (await ReadLineAsync(lines, cancellation).ConfigureAwait(false) is { } line)
            yield return JsonSerializer.Deserialize(line, type) ?? throw Gone(null);
    }

    private async Task<string?> ReadLineAsync(StreamReader lines, CancellationToken cancellation)
    {
        try
        {
            return await lines.ReadLineAsync(cancellation).ConfigureAwait(false);
        }
        catch (Exception error) when (error is IOException or HttpRequestException)
        {
            throw Gone(error);
        }
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(_home.Socket), cancellation).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private UsageException Gone(Exception? error) => error?.InnerException switch
    {
        SocketException { SocketErrorCode: SocketError.AccessDenied } => new UsageException($"{_home.Path} belongs to another user: run this command as the one who ran `hearth up`", error),
        SocketException or ArgumentException => new UsageException("hearth is not running here: start it with `hearth up`", error),
        _ => new UsageException($"hearth went away before it had answered: {_home.Log} may tell why, and `hearth up` starts it again"),
    };
}
