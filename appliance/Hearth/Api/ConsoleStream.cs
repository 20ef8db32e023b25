using Hearth.House;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Hearth.Api;

/// <summary>Joins a client with a guest's serial port: bytes both ways over what was an HTTP connection (RFC 9110, 7.8), until one of them ends.</summary>
internal static class ConsoleStream
{
    /// <exception cref="HouseException">It was not asked for as a stream, or the guest has no console.</exception>
    public static async Task ServeAsync(ApiCall call, Household house, Guest guest)
    {
        HttpContext context = call.Context;
        IHttpUpgradeFeature? upgrade = context.Features.Get<IHttpUpgradeFeature>();
        if (upgrade is not { IsUpgradableRequest: true } || context.Request.Headers.Upgrade != ApiClient.ConsoleProtocol)
            throw new HouseException(HouseFailure.Invalid, $"a console is a stream: ask for it with the headers Connection: Upgrade and Upgrade: {ApiClient.ConsoleProtocol}");
        Stream port = await RunFailure.AskAsync(() => house.Runs.OpenConsoleAsync(guest.Id, call.Gone)).ConfigureAwait(false);
        await using (port.ConfigureAwait(false))
        {
            context.Response.Headers.Upgrade = ApiClient.ConsoleProtocol;
            Stream client = await upgrade.UpgradeAsync().ConfigureAwait(false);
            await using (client.ConfigureAwait(false))
                await JoinAsync(client, port, call).ConfigureAwait(false);
        }
    }

    private static async Task JoinAsync(Stream client, Stream port, ApiCall call)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(call.Gone, call.Ending);
        Task typed = CopyAsync(client, port, end.Token);
        Task written = CopyAsync(port, client, end.Token);

        // A client that has nothing more to type hangs up: HTTP has no half of a connection.
        _ = await Task.WhenAny(typed, written).ConfigureAwait(false);
        await end.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(typed, written).ConfigureAwait(false);
    }

    private static async Task CopyAsync(Stream from, Stream to, CancellationToken cancellation)
    {
        var buffer = new byte[4096];
        try
        {
            while (await from.ReadAsync(buffer, cancellation).ConfigureAwait(false) is > 0 and var count)
            {
                await to.WriteAsync(buffer.AsMemory(0, count), cancellation).ConfigureAwait(false);
                await to.FlushAsync(cancellation).ConfigureAwait(false);
            }
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // One of them has gone: the other one is told by the end of its stream.
        }
    }
}
