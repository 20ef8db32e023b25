using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Threading.Channels;
using Hearth.Api.Messages;
using Microsoft.AspNetCore.Http;

namespace Hearth.Api;

/// <summary>Writes answers.</summary>
internal static class ApiReply
{
    public const string Json = "application/json";
    public const string ProblemJson = "application/problem+json";

    public static async Task WriteAsync<T>(ApiCall call, int status, JsonTypeInfo<T> type, T value, string contentType = Json)
    {
        byte[] body = JsonSerializer.SerializeToUtf8Bytes(value, type);
        HttpResponse response = call.Context.Response;
        response.StatusCode = status;
        response.ContentType = contentType;
        response.ContentLength = body.Length;
        await response.Body.WriteAsync(body, call.Gone).ConfigureAwait(false);
    }

    public static async Task WriteLineAsync<T>(ApiCall call, JsonTypeInfo<T> type, T value)
    {
        HttpResponse response = call.Context.Response;
        if (!response.HasStarted)
            response.ContentType = ApiClient.Ndjson;
        await response.Body.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(value, type), call.Gone).ConfigureAwait(false);
        await response.Body.WriteAsync("\n"u8.ToArray(), call.Gone).ConfigureAwait(false);
        await response.Body.FlushAsync(call.Gone).ConfigureAwait(false);
    }

    /// <summary>Writes a line for each share that is done, of which only the newest waits for a slow client, and one for how it ended.</summary>
    public static async Task WriteLinesAsync<T>(ApiCall call, JsonTypeInfo<LongAnswer<T>> type, Func<IProgress<double>, Task<T>> work)
        where T : class
    {
        var shares = Channel.CreateBounded<double>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
        Task<LongAnswer<T>> ending = EndAsync(work, shares.Writer);
        await WriteLineAsync(call, type, new LongAnswer<T>(Progress: 0)).ConfigureAwait(false);
        await foreach (double share in shares.Reader.ReadAllAsync(call.Gone).ConfigureAwait(false))
            await WriteLineAsync(call, type, new LongAnswer<T>(Progress: Math.Round(share, 3))).ConfigureAwait(false);
        await WriteLineAsync(call, type, await ending.ConfigureAwait(false)).ConfigureAwait(false);
    }

    private static async Task<LongAnswer<T>> EndAsync<T>(Func<IProgress<double>, Task<T>> work, ChannelWriter<double> shares)
        where T : class
    {
        try
        {
            return new LongAnswer<T>(Result: await work(new ShareWriter(shares)).ConfigureAwait(false));
        }
        catch (Exception error) when (ProblemTable.Find(error) is { } problem)
        {
            return new LongAnswer<T>(Problem: problem);
        }
        finally
        {
            shares.Complete();
        }
    }

    // Not Progress<T>, which reports on other threads and in another order.
    private sealed class ShareWriter(ChannelWriter<double> shares) : IProgress<double>
    {
        public void Report(double value) => shares.TryWrite(value);
    }
}
