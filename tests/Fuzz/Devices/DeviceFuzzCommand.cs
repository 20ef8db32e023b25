using System.Diagnostics;
using System.Globalization;

namespace Hearth.Fuzz.Devices;

/// <summary>The command <c>devices [--operations N] [--seed S] [--filter TEXT]</c>.</summary>
internal static class DeviceFuzzCommand
{
    private const string Usage = """
        usage: Hearth.Fuzz devices [options]
          --operations N       random operations on each device (1000000)
          --seed S             where the random numbers start
          --filter TEXT        only devices with this in their names
        """;

    /// <returns>0, 1 when something went wrong, 2 for arguments that make no sense.</returns>
    public static int Run(ReadOnlySpan<string> arguments)
    {
        long operations = 1_000_000;
        int seed = 1;
        string filter = "";
        for (int i = 0; i < arguments.Length; i += 2)
        {
            string value = i + 1 < arguments.Length ? arguments[i + 1] : "";
            bool isKnown = arguments[i] switch
            {
                "--operations" => long.TryParse(value, CultureInfo.InvariantCulture, out operations) && operations > 0,
                "--seed" => int.TryParse(value, CultureInfo.InvariantCulture, out seed),
                "--filter" => (filter = value).Length != 0,
                _ => false,
            };
            if (!isKnown)
            {
                Console.Error.WriteLine(Usage);
                return 2;
            }
        }

        string[] names = [.. DeviceFuzz.Names.Where(name => name.Contains(filter, StringComparison.OrdinalIgnoreCase))];
        if (names.Length == 0)
        {
            Console.Error.WriteLine($"no device has \"{filter}\" in its name: there are {string.Join(", ", DeviceFuzz.Names)}");
            return 2;
        }

        int failures = 0;
        foreach (string name in names)
        {
            var watch = Stopwatch.StartNew();
            string? failure = DeviceFuzz.Run(name, seed, operations);
            failures += failure is null ? 0 : 1;
            Console.WriteLine(failure ?? string.Create(CultureInfo.InvariantCulture, $"{name}: {operations} operations, seed {seed}, {watch.Elapsed.TotalSeconds:F1} s"));
        }

        return failures == 0 ? 0 : 1;
    }
}
