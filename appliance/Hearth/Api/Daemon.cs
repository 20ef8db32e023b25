using System.Text;
using Hearth.House;
using Hearth.Linux;
using Hearth.Running;
using Hearth.Store;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Hearth.Api;

/// <summary>The supervisor: the house of one home folder, and the socket by which it is reached. Composition root.</summary>
internal sealed class Daemon : IAsyncDisposable
{
    private const long LargestBody = 1 << 20;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    private readonly HomeFolder _home;
    private readonly HomeLock _lock;
    private readonly HouseStore _store;
    private readonly IGuestRuns _runs;
    private readonly Household _house;
    private readonly WebApplication _application;
    private readonly CancellationTokenSource _ending = new();
    private readonly TaskCompletionSource _down = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Daemon(HomeFolder home, HomeLock taken, DaemonContext context, IGuestRuns runs, PinHash hash)
    {
        _home = home;
        _lock = taken;
        _store = context.Store;
        _runs = runs;
        _house = new Household(_store, runs, context.Clock, context.Log, hash);
        _application = Build(home);
        var view = new HouseView(_house);
        Routes =
        [
            .. new GuestRoutes(_house, view).All(),
            .. new StateRoutes(_house).All(),
            .. new SeatRoutes(_house, view).All(),
            .. new PersonRoutes(_house, context.Clock).All(),
            .. new HouseRoutes(_house, view, home, context.Clock.GetUtcNow(), CloseAsync).All(),
        ];

        // A third of a daemon's start, if it were written then; hardly anybody asks for it.
        var document = new Lazy<byte[]>(() => Encoding.UTF8.GetBytes(OpenApiDocument.Write(Routes)));
        new RouteMap(context.Log, _ending.Token).Place(_application, [.. Routes, DocumentRoute(document)]);
    }

    public IReadOnlyList<Route> Routes { get; }

    /// <summary>Is done when somebody has asked for the end, and guests are saved.</summary>
    public Task Down => _down.Task;

    /// <summary>Takes the home folder, opens the house and listens. Guests come back behind that.</summary>
    /// <exception cref="UsageException">Another daemon has the home folder, or it cannot be used.</exception>
    /// <exception cref="StoreException">The store is damaged, or of a later version.</exception>
    public static async Task<Daemon> StartAsync(DaemonStart start)
    {
        HomeFolder home = start.Home;
        home.Prepare();
        HomeLock taken = HomeLock.Take(home);
        HouseStore? store = null;
        try
        {
            if (start.Backup is { } backup)
                StoreReturn.To(backup, new StorePaths(home.Path), start.Clock.GetUtcNow());
            store = HouseStore.Open(home.Path, start.Clock, start.Log);
            var context = new DaemonContext(store, home.Path, start.Clock, start.Share, start.Log);
            var daemon = new Daemon(home, taken, context, await start.Runs(context).ConfigureAwait(false), start.Hash);
            await daemon._application.StartAsync().ConfigureAwait(false);
            daemon.BringBack(start.Log);
            return daemon;
        }
        catch
        {
            store?.Dispose();
            taken.Dispose();
            throw;
        }
    }

    /// <summary>Saves every guest that runs, unless they are kept, and lets the daemon end.</summary>
    /// <exception cref="HouseException">A guest cannot be saved; the daemon stays.</exception>
    public async Task CloseAsync(bool keepsGuests)
    {
        await _house.CloseAsync(keepsGuests).ConfigureAwait(false);
        _down.TrySetResult();
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync().ConfigureAwait(false);
        using (var patience = new CancellationTokenSource(s_patience))
            await _application.StopAsync(patience.Token).ConfigureAwait(false);
        await _application.DisposeAsync().ConfigureAwait(false);
        File.Delete(_home.Socket);
        await _house.DisposeAsync().ConfigureAwait(false);
        if (_runs is IAsyncDisposable later)
            await later.DisposeAsync().ConfigureAwait(false);
        else
            (_runs as IDisposable)?.Dispose();
        _store.Dispose();
        _lock.Dispose();
        _ending.Dispose();
    }

    private void BringBack(Action<string> log) => _ = Task.Run(async () =>
    {
        try
        {
            await _house.OpenAsync().ConfigureAwait(false);
        }
        catch (StoreException error)
        {
            log(error.Message);
        }
    });

    /// <summary>Nothing but what is named here: no configuration of the folder it was started in, none of the environment, no logging.</summary>
    private static WebApplication Build(HomeFolder home)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ContentRootPath = home.Path });
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = LargestBody;

            // Made by Hearth and not by Kestrel: nobody but the user can connect, from the first instant on.
            kestrel.ListenHandle((ulong)FileDescriptor.Listen(home.Socket).Number, listen => listen.Protocols = HttpProtocols.Http1);
        });
        return builder.Build();
    }

    private static Route DocumentRoute(Lazy<byte[]> document) => new("GET", "/openapi.json", "This document.", async call =>
    {
        call.Context.Response.ContentType = ApiReply.Json;
        await call.Context.Response.Body.WriteAsync(document.Value, call.Gone).ConfigureAwait(false);
    });
}
