using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Hearth.House;
using Microsoft.AspNetCore.Http;

namespace Hearth.Api;

/// <summary>A request, as those who answer it see it.</summary>
internal sealed class ApiCall(HttpContext context, CancellationToken ending)
{
    public HttpContext Context => context;

    /// <summary>The client has gone.</summary>
    public CancellationToken Gone => context.RequestAborted;

    /// <summary>The daemon is about to end: what never ends by itself has to.</summary>
    public CancellationToken Ending => ending;

    /// <summary>The client wants to be told how far it is, line by line.</summary>
    public bool WantsLines => context.Request.Headers.Accept.Any(accept => accept?.Contains(ApiClient.Ndjson, StringComparison.OrdinalIgnoreCase) == true);

    /// <summary>A part of the address.</summary>
    public string Text(string name) => (string)context.Request.RouteValues[name]!;

    /// <summary>A number in the address.</summary>
    public long Number(string name) => long.Parse(Text(name), NumberStyles.None, CultureInfo.InvariantCulture);

    /// <summary>A number behind the address's question mark.</summary>
    /// <exception cref="HouseException">It is none.</exception>
    public long Query(string name, long otherwise)
    {
        string? text = context.Request.Query[name];
        if (text is null)
            return otherwise;
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number)
            ? number
            : throw new HouseException(HouseFailure.Invalid, $"{name}={text} in the address is no number");
    }

    /// <exception cref="HouseException">It is neither.</exception>
    public bool Flag(string name) => (string?)context.Request.Query[name] switch
    {
        null or "false" => false,
        "" or "true" => true,
        var other => throw new HouseException(HouseFailure.Invalid, $"{name}={other} in the address is neither true nor false"),
    };

    /// <summary>The request's body; none at all says as much as one without fields.</summary>
    /// <exception cref="HouseException">It makes no sense.</exception>
    public async Task<T> ReadAsync<T>(JsonTypeInfo<T> type)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, Gone).ConfigureAwait(false);
        ReadOnlySpan<byte> json = body.Length == 0 ? "{}"u8 : body.GetBuffer().AsSpan(0, (int)body.Length);
        try
        {
            return JsonSerializer.Deserialize(json, type) ?? throw new HouseException(HouseFailure.Invalid, "the request's body is null, and should be an object");
        }
        catch (JsonException error)
        {
            string where = error.Path is { Length: > 1 } path ? $"{path[1..].TrimStart('.')} " : "";
            throw new HouseException(HouseFailure.Invalid, $"the request's body makes no sense: {where}is no field of it, is there twice, or has a value of another kind (line {error.LineNumber + 1})", error);
        }
    }
}
