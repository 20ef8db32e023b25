using System.Globalization;
using Hearth.Running;

namespace Hearth.House;

/// <summary>Where to rewind to: so long ago, a time of day, or a state.</summary>
internal static class RewindTarget
{
    private const string Forms = "write how long ago, as 40s, 2m or 3h, a time of day, as 13:05, or the number of a state";

    /// <summary>The state that is meant: of a time, the last one before it.</summary>
    /// <param name="text">As a person writes it.</param>
    /// <param name="states">The newest first.</param>
    /// <exception cref="HouseException">There is none.</exception>
    public static SavedStateRecord Choose(string text, string guest, IReadOnlyList<SavedStateRecord> states, TimeProvider clock)
    {
        string list = $"`hearth guest checkpoints {guest}` shows those there are";
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long id))
            return states.FirstOrDefault(state => state.Id == id) ?? throw new HouseException(HouseFailure.StateNotFound, $"{guest} has no state {id}: {list}");
        DateTimeOffset time = ParseTime(text, clock);
        if (states.Count == 0)
            throw new HouseException(HouseFailure.StateNotFound, $"{guest} has no state to go back to: it was not saved yet, and has no checkpoints");
        return states.FirstOrDefault(state => state.Taken <= time)
            ?? throw new HouseException(HouseFailure.StateNotFound, $"{guest} has no state as old as that: the oldest is {states[^1].Id}, of {Say(states[^1].Taken, clock)}, and {list}");
    }

    private static DateTimeOffset ParseTime(string text, TimeProvider clock)
    {
        DateTimeOffset now = clock.GetUtcNow();
        if (TimeOnly.TryParseExact(text, ["H:mm", "H:mm:ss"], CultureInfo.InvariantCulture, DateTimeStyles.None, out TimeOnly time))
            return LastTime(time, now, clock.LocalTimeZone);
        return text.Length > 1 && UnitOf(text[^1]) is { } unit && double.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double count)
            && count <= TimeSpan.FromDays(3650) / unit
            ? now - (unit * count)
            : throw new HouseException(HouseFailure.Invalid, $"\"{text}\" is no time to go back to: {Forms}");
    }

    /// <summary>The last time that the clocks of the house showed a time: what is to come yet was yesterday.</summary>
    private static DateTimeOffset LastTime(TimeOnly time, DateTimeOffset now, TimeZoneInfo zone)
    {
        DateOnly today = DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(now, zone).DateTime);
        DateTimeOffset candidate = At(today);
        return candidate <= now ? candidate : At(today.AddDays(-1));

        DateTimeOffset At(DateOnly day)
        {
            DateTime local = day.ToDateTime(time);
            return new DateTimeOffset(local, zone.GetUtcOffset(local));
        }
    }

    private static string Say(DateTimeOffset time, TimeProvider clock) =>
        TimeZoneInfo.ConvertTime(time, clock.LocalTimeZone).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    private static TimeSpan? UnitOf(char letter) => letter switch
    {
        's' => TimeSpan.FromSeconds(1),
        'm' => TimeSpan.FromMinutes(1),
        'h' => TimeSpan.FromHours(1),
        'd' => TimeSpan.FromDays(1),
        _ => null,
    };
}
