using System.Globalization;

namespace Hearth.Testing;

/// <summary>How long the fuzzing of a device goes on: a short run as a part of the tests, or as many operations as $HEARTH_FUZZ_OPERATIONS says.</summary>
public static class FuzzLength
{
    private const int Short = 100_000;

    public static int Operations { get; } = int.Parse(Environment.GetEnvironmentVariable("HEARTH_FUZZ_OPERATIONS") ?? $"{Short}", CultureInfo.InvariantCulture);
}
