using System.Globalization;

namespace Hearth.Supervisor.Tests.Soak;

/// <summary>How often a soak test does what it does.</summary>
internal static class SoakCount
{
    private const string Variable = "HEARTH_SOAK_COUNT";

    /// <summary>$HEARTH_SOAK_COUNT, or so often.</summary>
    public static int Or(int usually) => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } said ? int.Parse(said, CultureInfo.InvariantCulture) : usually;
}
