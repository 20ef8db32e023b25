using Hearth.Api.Messages;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Hearth.Api;

/// <summary>Puts routes in place, and around each what turns failures into answers.</summary>
/// <param name="log">Takes sentences about failures of Hearth itself.</param>
/// <param name="ending">The daemon is about to end.</param>
internal sealed class RouteMap(Action<string> log, CancellationToken ending)
{
    public void Place(WebApplication application, IEnumerable<Route> routes)
    {
        application.Use(ExplainAsync);
        foreach (Route route in routes)
            application.MapMethods(route.Pattern, [route.Method], (RequestDelegate)(context => route.Answer(new ApiCall(context, ending))));
    }

    private async Task ExplainAsync(HttpContext context, RequestDelegate next)
    {
        Problem? problem;
        try
        {
            await next(context).ConfigureAwait(false);
            problem = context.Response.HasStarted || context.GetEndpoint() is RouteEndpoint ? null : Missing(context);
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            return;
        }
        catch (Exception error)
        {
            problem = ProblemTable.Find(error);
            if (problem is null)
            {
                // The root of a request: nothing of it may take the daemon along.
                log($"{context.Request.Method} {context.Request.Path} failed: {error}");
                problem = new Problem("Hearth failed", StatusCodes.Status500InternalServerError, $"hearth itself failed ({error.Message.TrimEnd('.')}): its log has more", "internal");
            }
        }

        if (problem is null || context.Response.HasStarted)
            return;
        if (problem.WaitSeconds is { } wait)
            context.Response.Headers.RetryAfter = $"{(int)Math.Ceiling(wait)}";
        await ApiReply.WriteAsync(new ApiCall(context, ending), problem.Status, ApiJson.Daemon.Problem, problem, ApiReply.ProblemJson).ConfigureAwait(false);
    }

    private static Problem? Missing(HttpContext context) => context.Response.StatusCode switch
    {
        StatusCodes.Status404NotFound => new Problem("No such address", StatusCodes.Status404NotFound, $"there is no {context.Request.Path}: /openapi.json tells what there is", "no-such-address"),
        StatusCodes.Status405MethodNotAllowed => new Problem("No such method", StatusCodes.Status405MethodNotAllowed, $"{context.Request.Path} knows no {context.Request.Method}: /openapi.json tells what it knows", "no-such-method"),
        _ => null,
    };
}
