using Hearth.House;

namespace Hearth.Store;

/// <summary>
/// Everything the house knows, in one file of its home folder. May be used from any thread. What changes something has returned when it is on stable storage;
/// what fails (<see cref="StoreException"/>) has changed nothing.
/// </summary>
internal sealed class HouseStore : IDisposable
{
    private readonly StoreFile _file;
    private readonly Backups _backups;

    private HouseStore(StoreFile file, StorePaths paths, TimeProvider clock, Action<string> log)
    {
        _file = file;
        _backups = new Backups(file, paths, clock, log);
        Guests = new Records<Guest>(file, GuestDocument.Map);
        Persons = new Records<Person>(file, PersonDocument.Map);
        Seats = new Records<Seat>(file, SeatDocument.Map);
        States = new StateRecords(file);
        Settings = new SettingRecords(file);
        Events = new EventRecords(file, clock);
    }

    public Records<Guest> Guests { get; }

    public Records<Person> Persons { get; }

    public Records<Seat> Seats { get; }

    public StateRecords States { get; }

    public SettingRecords Settings { get; }

    public EventRecords Events { get; }

    /// <param name="home">A folder; made where it is not there.</param>
    /// <param name="log">Takes sentences about what failed without anybody having asked for it.</param>
    /// <param name="schema">This program's, except in tests.</param>
    /// <exception cref="StoreException">What is there is damaged or of a later version, and stays as it is.</exception>
    public static HouseStore Open(string home, TimeProvider clock, Action<string> log, Schema? schema = null)
    {
        var paths = new StorePaths(home);
        Directory.CreateDirectory(home);
        return new HouseStore(StoreFile.Open(paths, schema ?? Schema.Current), paths, clock, log);
    }

    /// <summary>Several changes as one: all of them, or none when <paramref name="changes"/> throws.</summary>
    public void Together(Action changes) => _file.Change(_ => changes());

    public void Dispose()
    {
        _backups.Dispose();
        _file.Dispose();
    }
}
