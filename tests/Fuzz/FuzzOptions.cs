using System.Globalization;

namespace Hearth.Fuzz;

/// <summary>The command line: <c>[forms|programs|qcow2] [--programs N] [--tests N] [--seed S] [--minutes M] [--filter TEXT] [--test S] [--workers N]</c>.</summary>
internal sealed record FuzzOptions
{
    public const string Usage = """
        usage: Hearth.Fuzz [forms|programs|qcow2] [options]; or Hearth.Fuzz devices, with options of its own
          forms                every instruction form; --tests N each (20), --filter TEXT for a part of them
          programs             random programs; --programs N (100000)
          qcow2                damaged disk images; --programs N (100000)
          --seed S             where the random numbers start (hexadecimal)
          --minutes M          end after so long
          --workers N          threads, each with an oracle of its own
          --groups N           kinds of failures to show (40)
          --test S             one test by its own seed, as a report names it
          --self               compare the host with itself instead of the engine
        """;

    public bool Forms { get; private set; }

    /// <summary>Damaged images, no processor.</summary>
    public bool Images { get; private set; }

    public bool Self { get; private set; }

    public long Programs { get; private set; } = 100_000;

    public int Tests { get; private set; } = 20;

    public ulong Seed { get; private set; } = 1;

    public ulong? Test { get; private set; }

    public TimeSpan Limit { get; private set; } = TimeSpan.MaxValue;

    public string Filter { get; private set; } = "";

    /// <summary>How many kinds of failures are shown.</summary>
    public int Groups { get; private set; } = 40;

    public int Workers { get; private set; } = Math.Max(1, Environment.ProcessorCount);

    /// <returns>Null when the arguments make no sense.</returns>
    public static FuzzOptions? Parse(ReadOnlySpan<string> arguments)
    {
        var options = new FuzzOptions();
        for (int i = 0; i < arguments.Length; i++)
        {
            string value = i + 1 < arguments.Length ? arguments[i + 1] : "";
            bool takesValue = arguments[i] is not ("forms" or "programs" or "qcow2" or "--self");
            if (!options.TrySet(arguments[i], value))
                return null;
            i += takesValue ? 1 : 0;
        }

        return options;
    }

    private bool TrySet(string name, string value)
    {
        switch (name)
        {
            case "forms":
                return Forms = true;
            case "programs":
                return !(Forms = false);
            case "qcow2":
                return Images = true;
            case "--self":
                return Self = true;
            case "--filter":
                Filter = value;
                return value.Length != 0;
            case "--programs" when long.TryParse(value, CultureInfo.InvariantCulture, out long programs):
                Programs = programs;
                return programs > 0;
            case "--tests" when int.TryParse(value, CultureInfo.InvariantCulture, out int tests):
                Tests = tests;
                return tests > 0;
            case "--groups" when int.TryParse(value, CultureInfo.InvariantCulture, out int groups):
                Groups = groups;
                return groups > 0;
            case "--workers" when int.TryParse(value, CultureInfo.InvariantCulture, out int workers):
                Workers = workers;
                return workers is > 0 and <= 64;
            case "--minutes" when double.TryParse(value, CultureInfo.InvariantCulture, out double minutes):
                Limit = TimeSpan.FromMinutes(minutes);
                return minutes > 0;
            case "--seed" when ulong.TryParse(value, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong seed):
                Seed = seed;
                return true;
            case "--test" when ulong.TryParse(value, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong test):
                Test = test;
                return true;
            default:
                return false;
        }
    }
}
