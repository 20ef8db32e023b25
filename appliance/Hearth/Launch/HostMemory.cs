using System.Globalization;

namespace Hearth.Launch;

/// <summary>How much memory this host has.</summary>
internal static class HostMemory
{
    private const string Field = "MemTotal:";

    /// <summary>Bytes, as the kernel counts them in /proc/meminfo.</summary>
    /// <exception cref="UsageException">The kernel does not say.</exception>
    public static ulong Total()
    {
        foreach (string line in File.ReadLines("/proc/meminfo"))
        {
            if (!line.StartsWith(Field, StringComparison.Ordinal))
                continue;
            ReadOnlySpan<char> kibibytes = line.AsSpan(Field.Length).Trim().TrimEnd("kB ");
            return ulong.Parse(kibibytes, NumberStyles.None, CultureInfo.InvariantCulture) << 10;
        }

        throw new UsageException("/proc/meminfo does not say how much memory this host has");
    }
}
