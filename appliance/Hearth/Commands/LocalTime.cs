using System.Globalization;

namespace Hearth.Commands;

/// <summary>Times as the clock on the wall has them.</summary>
internal static class LocalTime
{
    public static string Write(DateTimeOffset time) =>
        TimeZoneInfo.ConvertTime(time, TimeProvider.System.LocalTimeZone).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
}
