using System.Collections.Concurrent;
using System.Net.Sockets;
using Hearth.Store;

namespace Hearth.Running;

/// <inheritdoc cref="IGuestRuns"/>
internal sealed class GuestRuns : IGuestRuns, IAsyncDisposable
{
    private readonly GuestHost _host;
    private readonly ConcurrentDictionary<int, Lazy<GuestKeeper>> _keepers = new();

    /// <param name="home">The house's home folder.</param>
    /// <param name="share">What this process gets of the processors.</param>
    /// <param name="log">Takes a sentence about what failed without anybody having asked for it.</param>
    /// <exception cref="GuestRunException">The saved states cannot be used.</exception>
    public GuestRuns(HouseStore store, string home, TimeProvider clock, OwnShare share, Action<string> log)
    {
        var places = new GuestPlaces(home);
        places.Prepare();
        var passts = new GuestPassts(places);
        var starter = new GuestStarter(places, passts, new GuestGroups());
        _host = new GuestHost(store, places, new GuestStates(places, store), starter, passts, clock, share, log);
    }

    public event Action<GuestCondition>? Changed;

    /// <summary>Takes back the processes that a supervisor before this one has left.</summary>
    public Task TakeBackAsync() => Task.WhenAll(_host.Store.Guests.All().Select(guest => KeeperOf(guest.Id).TakeBackAsync()));

    public GuestCondition ConditionOf(int guest) => KeeperOf(guest).Condition;

    public Task StartAsync(int guest, StartManner manner, CancellationToken cancellation) => KeeperOf(guest).StartAsync(manner, cancellation);

    public Task StopAsync(int guest, TimeSpan patience, CancellationToken cancellation) => KeeperOf(guest).StopAsync(patience, cancellation);

    public Task PauseAsync(int guest, CancellationToken cancellation) => KeeperOf(guest).PauseAsync(cancellation);

    public Task ResumeAsync(int guest, CancellationToken cancellation) => KeeperOf(guest).ResumeAsync(cancellation);

    public Task<SavedStateRecord> SaveAsync(int guest, SaveRequest request, IProgress<double>? progress, CancellationToken cancellation) =>
        KeeperOf(guest).SaveAsync(request, progress, cancellation);

    public Task RestoreAsync(int guest, long state, bool keepsPresent, IProgress<double>? progress, CancellationToken cancellation) =>
        KeeperOf(guest).RestoreAsync(state, keepsPresent, progress, cancellation);

    public IReadOnlyList<SavedStateRecord> StatesOf(int guest) => _host.States.Of(guest);

    public Task DeleteStateAsync(int guest, long state, CancellationToken cancellation) => KeeperOf(guest).DeleteStateAsync(state, cancellation);

    public Task PinStateAsync(int guest, long state, bool isPinned, CancellationToken cancellation) => KeeperOf(guest).PinStateAsync(state, isPinned, cancellation);

    public Task<byte[]?> ScreenshotAsync(int guest, CancellationToken cancellation) => KeeperOf(guest).ScreenshotAsync();

    public byte[]? PictureOf(int guest, long state) => _host.States.ReadPicture(_host.States.Require(guest, state).Record.Id);

    public async Task<Stream> OpenConsoleAsync(int guest, CancellationToken cancellation)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(_host.Places.ConsoleSocket(guest)), cancellation).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (SocketException error)
        {
            socket.Dispose();
            throw new GuestRunException("the guest does not run: `hearth guest start` starts it", GuestRunFailure.WrongPhase, error);
        }
    }

    public async Task CloneAsync(int from, int to, long? state, CancellationToken cancellation) =>
        KeeperOf(to).Adopt(await KeeperOf(from).CloneAsync(to, state, cancellation).ConfigureAwait(false));

    public Task RemoveAsync(int guest, CancellationToken cancellation) => KeeperOf(guest).RemoveAsync(cancellation);

    public async ValueTask DisposeAsync()
    {
        foreach (Lazy<GuestKeeper> keeper in _keepers.Values)
            await keeper.Value.DisposeAsync().ConfigureAwait(false);
        _host.States.Dispose();
    }

    private GuestKeeper KeeperOf(int guest) => _keepers.GetOrAdd(guest, id => new Lazy<GuestKeeper>(() => new GuestKeeper(_host, id, condition => Changed?.Invoke(condition)))).Value;
}
