using Hearth.House;
using Hearth.Store;

namespace Hearth.Running;

/// <summary>What the keepers of all guests share.</summary>
/// <param name="Store">Definitions, settings and events.</param>
/// <param name="Share">What the supervisor gets of the processors.</param>
/// <param name="Log">Takes a sentence about what failed without anybody having asked for it.</param>
internal sealed record GuestHost(
    HouseStore Store, GuestPlaces Places, GuestStates States, GuestStarter Starter, GuestPassts Passts, TimeProvider Clock, OwnShare Share,
    Action<string> Log)
{
    private const string MostCrashesSetting = "guests.mostCrashes";
    private const string CheckpointRoomSetting = "checkpoints.room";
    private const int DefaultMostCrashes = 5;

    // A guest's process may say anything.
    private const int LongestSentence = 400;
    private const long DefaultCheckpointRoom = 20L << 30;

    /// <summary>How many crashes within <see cref="CrashLadder.Period"/> are answered.</summary>
    public int MostCrashes => int.TryParse(Store.Settings.Read(MostCrashesSetting), out int most) ? most : DefaultMostCrashes;

    /// <summary>Bytes that the checkpoints of a guest may take.</summary>
    public long CheckpointRoom => long.TryParse(Store.Settings.Read(CheckpointRoomSetting), out long room) ? room : DefaultCheckpointRoom;

    /// <exception cref="GuestRunException">There is no such guest.</exception>
    public Guest Require(int guest) => Store.Guests.Find(guest) ?? throw new GuestRunException("there is no such guest", GuestRunFailure.NotFound);

    public GuestPresent PresentOf(int guest) => RunningJson.ReadPresent(Store.Settings.Read(NameOf(guest))) ?? new GuestPresent();

    /// <summary>Returns when it is on stable storage.</summary>
    public void Keep(int guest, GuestPresent? present) => Store.Settings.Write(NameOf(guest), present is null ? null : RunningJson.Write(present));

    /// <param name="sentence">Of the guest, which it does not name.</param>
    public void Note(int guest, string kind, string sentence) =>
        Store.Events.Add(kind, $"{Call(guest)}: {(sentence.Length > LongestSentence ? $"{sentence[..LongestSentence]}…" : sentence)}", guest);

    /// <summary>Tells whoever reads the log of something that failed.</summary>
    /// <inheritdoc cref="Note"/>
    public void LogOf(int guest, string sentence) => Log($"{Call(guest)}: {sentence}");

    private string Call(int guest)
    {
        try
        {
            return Store.Guests.Find(guest)?.Name ?? FormattableString.Invariant($"guest {guest}");
        }
        catch (StoreException)
        {
            return FormattableString.Invariant($"guest {guest}");
        }
    }

    private static string NameOf(int guest) => FormattableString.Invariant($"guest.{guest}.present");
}
