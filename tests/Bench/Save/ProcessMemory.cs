using System.Globalization;

namespace Hearth.Bench.Save;

/// <summary>Memory that a process has beyond its guest's RAM, in MiB.</summary>
/// <param name="Proportional">A page that several processes have counts for each in part (Pss).</param>
/// <param name="Resident">It counts for each as a whole (Rss).</param>
internal readonly record struct ProcessMemory(double Proportional, double Resident)
{
    private const double KibInMib = 1024;

    /// <param name="ram">Part of the name of the file that guest RAM is in.</param>
    public static ProcessMemory Read(int process, string ram) => Sum(File.ReadLines(FormattableString.Invariant($"/proc/{process}/smaps")), ram);

    /// <param name="smaps">As proc_pid_smaps(5) has them.</param>
    internal static ProcessMemory Sum(IEnumerable<string> smaps, string ram)
    {
        double proportional = 0;
        double resident = 0;
        bool counts = true;
        foreach (string line in smaps)
        {
            // A mapping begins with its addresses; what is said of it has names that end in a colon.
            if (!line.Split(' ', 2)[0].EndsWith(':'))
                counts = !line.Contains(ram, StringComparison.Ordinal);
            else if (counts && line.StartsWith("Pss:", StringComparison.Ordinal))
                proportional += Kib(line);
            else if (counts && line.StartsWith("Rss:", StringComparison.Ordinal))
                resident += Kib(line);
        }

        return new ProcessMemory(proportional / KibInMib, resident / KibInMib);
    }

    private static double Kib(string line) => double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
}
