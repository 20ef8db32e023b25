using Hearth.Boot.Tests;
using Hearth.House;
using Hearth.Running;
using Hearth.Store;

namespace Hearth.Supervisor.Tests.Soak;

/// <summary>A house in this process whose guests never crash too often, with somebody at each console.</summary>
internal sealed class SoakHouse : IAsyncDisposable
{
    private readonly ScratchDirectory _scratch = new();
    private readonly Dictionary<int, ConsoleWatch> _watches = [];
    private readonly List<string> _log = [];

    public SoakHouse()
    {
        const UnixFileMode WayThrough = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        File.SetUnixFileMode(_scratch.Path, WayThrough);
        Store = HouseStore.Open(_scratch["home"], Clock, Log);
        Store.Settings.Write("guests.mostCrashes", "1000000");
        Runs = new GuestRuns(Store, _scratch["home"], Clock, new OwnShare(), Log);
    }

    public ScratchDirectory Scratch => _scratch;

    public LeapingClock Clock { get; } = new();

    public HouseStore Store { get; }

    public GuestRuns Runs { get; }

    /// <summary>Starts a guest and waits for a line that it writes, and for its first checkpoint where it takes any.</summary>
    public async Task<int> StartAsync(GuestDefinition definition, string line)
    {
        int guest = Store.Guests.Add(new Guest(0, definition, DateTimeOffset.UnixEpoch)).Id;
        var watch = new ConsoleWatch(new GuestPlaces(_scratch["home"]).ConsoleSocket(guest));
        _watches[guest] = watch;
        await Runs.StartAsync(guest, StartManner.GoOn, CancellationToken.None);
        await watch.WaitForLinesAsync(line, 2);
        for (int tries = 0; definition.CheckpointSeconds > 0 && Runs.StatesOf(guest).Count == 0; tries++)
        {
            Assert.True(tries < 600, $"no checkpoint of {definition.Name} has come: {Describe()}");
            await Task.Delay(100);
        }

        return guest;
    }

    public ConsoleWatch WatchOf(int guest) => _watches[guest];

    /// <summary>What happened last, and what was logged.</summary>
    public string Describe()
    {
        lock (_log)
            return $"{string.Join('\n', Store.Events.Last(20).Select(each => each.Sentence))}\n{string.Join('\n', _log.TakeLast(20))}";
    }

    public async ValueTask DisposeAsync()
    {
        foreach (ConsoleWatch watch in _watches.Values)
            watch.Dispose();
        foreach (Guest guest in Store.Guests.All().Where(guest => Runs.ConditionOf(guest.Id).ProcessId is not null))
            await Runs.StopAsync(guest.Id, TimeSpan.Zero, CancellationToken.None);
        await Runs.DisposeAsync();
        Store.Dispose();
        _scratch.Dispose();
    }

    private void Log(string sentence)
    {
        lock (_log)
            _log.Add(sentence);
    }
}
