using System.Diagnostics;
using Hearth.Guests;
using Hearth.House;
using Hearth.Launch;
using Hearth.Running;
using Hearth.Store;
using HouseDisk = Hearth.House.GuestDisk;

namespace Hearth.Bench.Save;

/// <summary>A house with real guests in a folder of its own; this process is their supervisor. They and the folder are gone with it.</summary>
internal sealed class HearthHouse : IDisposable
{
    private readonly string _home;
    private readonly GuestPlaces _places;
    private readonly HouseStore _store;
    private readonly GuestRuns _runs;
    private readonly List<string> _log = [];
    private readonly CancellationToken _cancellation;

    /// <exception cref="GuestsException">It cannot be opened.</exception>
    public HearthHouse(SaveRun run)
    {
        _home = Path.Combine(run.Directory, "home");
        _cancellation = run.Cancellation;
        _places = new GuestPlaces(_home);
        try
        {
            _store = HouseStore.Open(_home, TimeProvider.System, Log);
            _runs = new GuestRuns(_store, _home, TimeProvider.System, new OwnShare(), Log);
        }
        catch (Exception error) when (error is StoreException or GuestRunException)
        {
            _store?.Dispose();
            throw new GuestsException($"the house cannot be opened: {error.Message}", error);
        }
    }

    /// <summary>Sets which <c>hearth-vm</c> guests are started with from now on.</summary>
    /// <param name="program">Null for the one beside this program.</param>
    public static void Use(string? program) => Environment.SetEnvironmentVariable(GuestProgram.Variable, program);

    /// <returns>The guest's identifier.</returns>
    public int Add(SaveGuest guest)
    {
        GuestConfiguration configuration = guest.Configuration;
        IEnumerable<HouseDisk> fill = guest.FillDisk is { } path ? [new HouseDisk(path, "raw", IsReadOnly: true)] : [];
        return _store.Guests.Add(new Guest(
            0,
            new GuestDefinition
            {
                Name = guest.Name,
                Engine = "software",
                Memory = configuration.Memory,
                Cpus = configuration.Cpus,
                Kernel = configuration.Kernel,
                Initrd = configuration.Initrd,
                Append = configuration.CommandLine,
                Disks = [.. configuration.Disks.Select(disk => new HouseDisk(disk.Path, disk.Format)), .. fill],
                Vga = "none",
                CheckpointSeconds = 0,
            },
            DateTimeOffset.UnixEpoch)).Id;
    }

    /// <summary>Reads the guest's console from now on; it may be started later.</summary>
    public ConsoleWatch Watch(int guest) => new(_places.ConsoleSocket(guest));

    public int ProcessOf(int guest) => _runs.ConditionOf(guest).ProcessId ?? throw new GuestsException($"the guest does not run: {Describe(guest)}");

    /// <summary>Notes when the guest's process is started from now on.</summary>
    public StartWatch WatchStart(int guest) => new(_places.LogOf(guest));

    /// <summary>Bytes on the disk that all saved states take together.</summary>
    public long StatesLength => new DirectoryInfo(_places.States).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);

    public void Start(int guest) => Do(guest, "started", () => _runs.StartAsync(guest, StartManner.Boot, _cancellation));

    /// <summary>Ends it at once.</summary>
    public void Stop(int guest) => Do(guest, "stopped", () => _runs.StopAsync(guest, TimeSpan.Zero, CancellationToken.None));

    public void Restore(int guest, SavedStateRecord state) => Do(guest, "restored", () => _runs.RestoreAsync(guest, state.Id, keepsPresent: false, null, _cancellation));

    /// <returns>What is on stable storage now.</returns>
    public SavedStateRecord Save(int guest, bool stops = false)
    {
        SavedStateRecord? record = null;
        Do(guest, "saved", async () => record = await _runs.SaveAsync(guest, new SaveRequest(Stops: stops), null, _cancellation));
        return record!;
    }

    public void Dispose()
    {
        foreach (Guest guest in _store.Guests.All())
        {
            if (_runs.ConditionOf(guest.Id).ProcessId is { } process)
                End(guest.Id, process);
        }

        _runs.DisposeAsync().AsTask().GetAwaiter().GetResult();
        _store.Dispose();
        Use(null);
        Directory.Delete(_home, recursive: true);
    }

    private void End(int guest, int process)
    {
        try
        {
            Stop(guest);
        }
        catch (GuestsException error)
        {
            Console.Error.WriteLine($"bench: {error.Message}");
            using var left = Process.GetProcessById(process);
            left.Kill();
        }
    }

    private void Do(int guest, string what, Func<Task> work)
    {
        try
        {
            Task.Run(work).GetAwaiter().GetResult();
        }
        catch (GuestRunException error)
        {
            throw new GuestsException($"the guest could not be {what}: {error.Message}; {Describe(guest)}", error);
        }
    }

    private void Log(string sentence)
    {
        lock (_log)
            _log.Add(sentence);
    }

    /// <summary>What is known of what went wrong.</summary>
    private string Describe(int guest)
    {
        string log = File.Exists(_places.LogOf(guest)) ? File.ReadAllText(_places.LogOf(guest)) : "";
        lock (_log)
            return string.Join("; ", [.. _store.Events.Last(5).Select(each => each.Sentence), .. _log, .. log.Split('\n').TakeLast(10)]).Trim();
    }
}
