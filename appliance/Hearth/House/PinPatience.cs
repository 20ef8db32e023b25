using System.Globalization;

namespace Hearth.House;

/// <summary>How long no PIN is looked at after wrong ones: 2 s after the third, twice as long after each more, and 15 minutes at the most.</summary>
internal static class PinPatience
{
    /// <summary>Tries that cost nothing but the third of them: fingers slip.</summary>
    private const int FreeTries = 3;

    private const double FirstSeconds = 2;
    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(15);

    /// <param name="wrongTries">One after the other, with none that was right.</param>
    public static TimeSpan After(int wrongTries)
    {
        if (wrongTries < FreeTries)
            return TimeSpan.Zero;
        double seconds = FirstSeconds * Math.Pow(2, wrongTries - FreeTries);
        return seconds < s_longest.TotalSeconds ? TimeSpan.FromSeconds(seconds) : s_longest;
    }

    /// <summary>How long a person has to wait yet. Never longer than the last wrong try cost: a clock that was set back locks nobody out.</summary>
    public static TimeSpan Left(Person person, DateTimeOffset now)
    {
        if (person.Patience is not { } end || end <= now)
            return TimeSpan.Zero;
        TimeSpan most = After(person.WrongTries);
        return end - now < most ? end - now : most;
    }

    /// <summary>A wait as people say it, rounded up.</summary>
    public static string Say(TimeSpan wait)
    {
        int seconds = (int)Math.Ceiling(wait.TotalSeconds);
        (int number, string unit) = seconds < 120 ? (seconds, "second") : ((seconds + 59) / 60, "minute");
        return string.Create(CultureInfo.InvariantCulture, $"{number} {unit}{(number == 1 ? "" : "s")}");
    }
}
