using System.Text.Json.Serialization.Metadata;
using Hearth.Api.Messages;
using Microsoft.AspNetCore.Http;

namespace Hearth.Api;

/// <summary>One thing the API can be asked for: how it is answered, and what its document says of it (<see cref="OpenApiDocument"/>), so that neither goes without the other.</summary>
/// <param name="Method">As HTTP has it: <c>GET</c>.</param>
/// <param name="Pattern">The address: <c>/v1/guests/{guest}</c>.</param>
/// <param name="Summary">For people.</param>
internal sealed record Route(string Method, string Pattern, string Summary, Func<ApiCall, Task> Answer)
{
    /// <summary>The body of a request; null where there is none.</summary>
    public JsonTypeInfo? Takes { get; init; }

    /// <summary>The body of an answer; null where it is empty or no JSON.</summary>
    public JsonTypeInfo? Gives { get; init; }

    /// <summary>A line of the answer to a client that accepts lines; null where there are none.</summary>
    public JsonTypeInfo? GivesLines { get; init; }

    /// <summary>What the answer is where it is no JSON.</summary>
    public string? GivesType { get; init; }

    public int Status { get; init; } = StatusCodes.Status200OK;

    /// <summary>What may stand behind the address's question mark.</summary>
    public IReadOnlyList<string> Query { get; init; } = [];

    /// <summary>Answers with something.</summary>
    public static Route Get<T>(string pattern, string summary, JsonTypeInfo<T> gives, Func<ApiCall, T> answer) =>
        new("GET", pattern, summary, call => ApiReply.WriteAsync(call, StatusCodes.Status200OK, gives, answer(call))) { Gives = gives };

    /// <summary>Takes a body and answers with something.</summary>
    public static Route Ask<TBody, T>(string method, string pattern, string summary, JsonTypeInfo<TBody> takes, JsonTypeInfo<T> gives, Func<ApiCall, TBody, Task<T>> answer) =>
        new(method, pattern, summary, call => AnswerAsync(call, StatusCodes.Status200OK, takes, gives, answer)) { Takes = takes, Gives = gives };

    /// <summary>Takes a body and answers with what was made of it.</summary>
    public static Route Create<TBody, T>(string pattern, string summary, JsonTypeInfo<TBody> takes, JsonTypeInfo<T> gives, Func<ApiCall, TBody, Task<T>> answer) =>
        new("POST", pattern, summary, call => AnswerAsync(call, StatusCodes.Status201Created, takes, gives, answer)) { Takes = takes, Gives = gives, Status = StatusCodes.Status201Created };

    /// <summary>Does something that has no answer.</summary>
    public static Route Do(string method, string pattern, string summary, Func<ApiCall, Task> act) =>
        new(method, pattern, summary, async call =>
        {
            await act(call).ConfigureAwait(false);
            call.Context.Response.StatusCode = StatusCodes.Status204NoContent;
        })
        {
            Status = StatusCodes.Status204NoContent,
        };

    /// <summary>Takes its time, and tells how far it is to a client that accepts lines.</summary>
    public static Route Long<TBody, T>(string pattern, string summary, JsonTypeInfo<TBody> takes, JsonTypeInfo<T> gives, JsonTypeInfo<LongAnswer<T>> lines, Func<ApiCall, TBody, IProgress<double>?, Task<T>> answer)
        where T : class =>
        new("POST", pattern, summary, async call =>
        {
            TBody body = await call.ReadAsync(takes).ConfigureAwait(false);
            if (call.WantsLines)
                await ApiReply.WriteLinesAsync(call, lines, progress => answer(call, body, progress)).ConfigureAwait(false);
            else
                await ApiReply.WriteAsync(call, StatusCodes.Status200OK, gives, await answer(call, body, null).ConfigureAwait(false)).ConfigureAwait(false);
        })
        {
            Takes = takes,
            Gives = gives,
            GivesLines = lines,
        };

    private static async Task AnswerAsync<TBody, T>(ApiCall call, int status, JsonTypeInfo<TBody> takes, JsonTypeInfo<T> gives, Func<ApiCall, TBody, Task<T>> answer)
    {
        TBody body = await call.ReadAsync(takes).ConfigureAwait(false);
        await ApiReply.WriteAsync(call, status, gives, await answer(call, body).ConfigureAwait(false)).ConfigureAwait(false);
    }
}
