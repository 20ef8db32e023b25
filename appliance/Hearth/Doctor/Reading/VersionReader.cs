using System.Reflection;
using System.Runtime.InteropServices;
using Hearth.Doctor.Facts;

namespace Hearth.Doctor.Reading;

/// <summary>Reads which Hearth, which .NET and which Linux these are.</summary>
internal static class VersionReader
{
    // Of the commit that the build appends to the version.
    private const int CommitDigits = 12;

    public static VersionFacts Read(HostTree tree) =>
        new(OwnVersion(), RuntimeInformation.FrameworkDescription, tree.ReadValue("proc/sys/kernel/osrelease"), Distribution(tree));

    private static string OwnVersion()
    {
        string version = typeof(VersionReader).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";
        int plus = version.IndexOf('+', StringComparison.Ordinal);
        return plus < 0 ? version : version[..Math.Min(version.Length, plus + 1 + CommitDigits)];
    }

    /// <summary>os-release(5): assignments of the shell, of which the one that matters is in quotes.</summary>
    private static string? Distribution(HostTree tree)
    {
        const string Name = "PRETTY_NAME=";
        IReadOnlyList<string>? lines = tree.ReadLines("etc/os-release") ?? tree.ReadLines("usr/lib/os-release");
        string? line = lines?.FirstOrDefault(line => line.StartsWith(Name, StringComparison.Ordinal));
        return line is null ? null : PrintableText.Clean(line[Name.Length..].Trim('"', '\''), PrintableText.LongestName);
    }
}
