using Hearth.Running;
using Hearth.Store;

namespace Hearth.House;

/// <summary>
/// The house: its guests, seats and persons, and what can be asked of them by name. May be used from any thread. What cannot be done throws
/// <see cref="HouseException"/>, or <see cref="StoreException"/> where the disk is the cause, and changes nothing.
/// </summary>
internal sealed class Household : IAsyncDisposable
{
    /// <summary>The kind of event that tells of a guest that did not come back with the house.</summary>
    public const string StartFailed = "guest.start-failed";

    private readonly HouseStore _store;
    private readonly TimeProvider _clock;
    private readonly GuestWatch _watch;
    private readonly SeatSwitch _switch;
    private volatile bool _isClosing;
    private volatile bool _isOpening = true;

    /// <param name="log">Takes sentences about what failed without anybody having asked for it.</param>
    /// <param name="hash">How PINs are kept.</param>
    public Household(HouseStore store, IGuestRuns runs, TimeProvider clock, Action<string> log, PinHash hash)
    {
        _store = store;
        _clock = clock;
        Runs = runs;
        Guests = new GuestRegister(store, runs, clock);
        Seats = new SeatRegister(store, Guests);
        Persons = new PersonRegister(store, clock, hash);
        _switch = new SeatSwitch(store, Seats, Persons, runs);
        _watch = new GuestWatch(store, runs, log);
    }

    public GuestRegister Guests { get; }

    public SeatRegister Seats { get; }

    public PersonRegister Persons { get; }

    public EventRecords Events => _store.Events;

    public IGuestRuns Runs { get; }

    /// <summary>What was there before is not back yet.</summary>
    public bool IsOpening => _isOpening;

    /// <summary>Brings back what was there before: what seats showed, and what starts with the house. One that fails is written down and keeps nobody else.</summary>
    public async Task OpenAsync()
    {
        try
        {
            Events.Add("house.opened", "Hearth is up");
            HashSet<int> shown = [.. Seats.All().Select(seat => seat.Guest).OfType<int>()];
            IEnumerable<Guest> coming = Guests.All().Where(guest =>
                !IsUp(guest) && (guest.Definition.StartsWithHouse || (shown.Contains(guest.Id) && Runs.ConditionOf(guest.Id).Phase == GuestPhase.Saved)));
            await Task.WhenAll(coming.Select(BringBackAsync)).ConfigureAwait(false);
        }
        finally
        {
            _isOpening = false;
        }
    }

    /// <inheritdoc cref="SeatSwitch.SwitchAsync"/>
    public Task<Seat> SwitchAsync(string seat, string to, string? person, string? pin, CancellationToken cancellation)
    {
        RequireOpen();
        return _switch.SwitchAsync(seat, to, person, pin, cancellation);
    }

    public Task StartAsync(Guest guest, StartManner manner, CancellationToken cancellation)
    {
        RequireOpen();
        return RunFailure.AskAsync(() => Runs.StartAsync(guest.Id, manner, cancellation));
    }

    /// <inheritdoc cref="IGuestRuns.StopAsync"/>
    public Task StopAsync(Guest guest, TimeSpan patience, CancellationToken cancellation) =>
        RunFailure.AskAsync(() => Runs.StopAsync(guest.Id, patience, cancellation));

    /// <summary>Stops a guest, where it runs, and boots it.</summary>
    /// <inheritdoc cref="IGuestRuns.StopAsync"/>
    public async Task RestartAsync(Guest guest, TimeSpan patience, CancellationToken cancellation)
    {
        RequireOpen();
        if (Runs.ConditionOf(guest.Id).Phase is not (GuestPhase.Stopped or GuestPhase.Saved or GuestPhase.Crashed))
            await StopAsync(guest, patience, cancellation).ConfigureAwait(false);
        await StartAsync(guest, StartManner.Boot, cancellation).ConfigureAwait(false);
    }

    public Task PauseAsync(Guest guest, CancellationToken cancellation) => RunFailure.AskAsync(() => Runs.PauseAsync(guest.Id, cancellation));

    public Task ResumeAsync(Guest guest, CancellationToken cancellation) => RunFailure.AskAsync(() => Runs.ResumeAsync(guest.Id, cancellation));

    public Task<SavedStateRecord> SaveAsync(Guest guest, SaveRequest request, IProgress<double>? progress, CancellationToken cancellation) =>
        RunFailure.AskAsync(() => Runs.SaveAsync(guest.Id, request, progress, cancellation));

    /// <summary>Goes on from a state.</summary>
    /// <param name="state">Null for the last one.</param>
    /// <param name="keepsPresent">What runs now is saved first.</param>
    public async Task<SavedStateRecord> RestoreAsync(Guest guest, long? state, bool keepsPresent, IProgress<double>? progress, CancellationToken cancellation)
    {
        RequireOpen();
        SavedStateRecord chosen = state is { } id ? RequireState(guest, id) : Runs.StatesOf(guest.Id) is [var newest, ..]
            ? newest
            : throw new HouseException(HouseFailure.StateNotFound, $"{guest.Name} has no saved state: `hearth guest save {guest.Name}` makes one");
        await RunFailure.AskAsync(() => Runs.RestoreAsync(guest.Id, chosen.Id, keepsPresent, progress, cancellation)).ConfigureAwait(false);
        Events.Add("state.restored", $"{guest.Name} goes on from state {chosen.Id}", guest.Id);
        return chosen;
    }

    /// <summary>Goes back to a time, and keeps what is now.</summary>
    /// <param name="to">As <see cref="RewindTarget"/> reads it.</param>
    public Task<SavedStateRecord> RewindAsync(Guest guest, string to, IProgress<double>? progress, CancellationToken cancellation) =>
        RestoreAsync(guest, RewindTarget.Choose(to, guest.Name, Runs.StatesOf(guest.Id), _clock).Id, keepsPresent: true, progress, cancellation);

    /// <exception cref="HouseException">The guest has no such state.</exception>
    public SavedStateRecord RequireState(Guest guest, long state) => Runs.StatesOf(guest.Id).FirstOrDefault(each => each.Id == state)
        ?? throw new HouseException(HouseFailure.StateNotFound, $"{guest.Name} has no state {state}: `hearth guest checkpoints {guest.Name}` shows those there are");

    /// <summary>Saves every guest that runs, so that the house can be left. Nothing is started meanwhile.</summary>
    /// <param name="keepsGuests">They run on.</param>
    /// <exception cref="HouseException">A guest cannot be saved; the house stays open.</exception>
    public async Task CloseAsync(bool keepsGuests)
    {
        _isClosing = true;
        try
        {
            await _switch.FinishAsync().ConfigureAwait(false);
            if (!keepsGuests)
                await Task.WhenAll(Guests.All().Where(IsUp).Select(SaveAndStopAsync)).ConfigureAwait(false);
            Events.Add("house.closed", keepsGuests ? "Hearth is down, and guests run on" : "Hearth is down, and every guest is saved");
        }
        catch
        {
            _isClosing = false;
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _switch.FinishAsync().ConfigureAwait(false);
        _switch.Dispose();
        await _watch.DisposeAsync().ConfigureAwait(false);
    }

    private async Task BringBackAsync(Guest guest)
    {
        try
        {
            await StartAsync(guest, StartManner.GoOn, CancellationToken.None).ConfigureAwait(false);
        }
        catch (HouseException error)
        {
            Events.Add(StartFailed, $"{guest.Name} did not start with the house: {error.Message}", guest.Id);
        }
    }

    private bool IsUp(Guest guest) => Runs.ConditionOf(guest.Id).Phase is not (GuestPhase.Stopped or GuestPhase.Saved or GuestPhase.Crashed);

    private async Task SaveAndStopAsync(Guest guest)
    {
        try
        {
            _ = await SaveAsync(guest, new SaveRequest(Stops: true), null, CancellationToken.None).ConfigureAwait(false);
        }
        catch (HouseException error) when (!IsUp(guest))
        {
            // It ended by itself meanwhile.
            Events.Add("guest.save-failed", $"{guest.Name} was not saved: {error.Message}", guest.Id);
        }
        catch (HouseException error)
        {
            throw new HouseException(
                error.Failure, $"{guest.Name} cannot be saved, so Hearth stays up: {error.Message}; `hearth guest stop {guest.Name}` ends it, `hearth down --keep-guests` leaves it running", error);
        }
    }

    private void RequireOpen()
    {
        if (_isClosing)
            throw new HouseException(HouseFailure.Closing, "Hearth is on its way down: start it again with `hearth up`");
    }
}
