using Hearth.House;
using Hearth.Store;
using Hearth.Tests.Store;

namespace Hearth.Tests.House;

/// <summary>A house over a real store with guests that have no processes.</summary>
internal sealed class HouseFixture : IAsyncDisposable
{
    private readonly StoreFolder _folder = new();

    public HouseFixture()
    {
        Store = _folder.Open();
        Runs = new FakeRuns(Clock);
        House = NewHouse();
    }

    public HouseClock Clock => _folder.Clock;

    public HouseStore Store { get; private set; }

    public FakeRuns Runs { get; }

    public Household House { get; private set; }

    public IEnumerable<string> Events => Store.Events.Last(1000).Select(each => each.Kind);

    public Guest AddGuest(string name, params int[] persons) =>
        House.Guests.Add(new GuestDefinition { Name = name, Disks = [new GuestDisk($"/guests/{name}.qcow2")], Persons = persons });

    /// <summary>As after a restart of the daemon.</summary>
    public async Task ReopenAsync()
    {
        await House.DisposeAsync();
        Store.Dispose();
        Store = _folder.Open();
        House = NewHouse();
    }

    public async ValueTask DisposeAsync()
    {
        await House.DisposeAsync();
        Store.Dispose();
        _folder.Dispose();
    }

    // Hashes that take no time: how long they take is tested by itself.
    private Household NewHouse() => new(Store, Runs, Clock, _ => { }, new PinHash(1));
}
