using Hearth.Doctor.Facts;

namespace Hearth.Doctor.Reading;

/// <summary>Reads /proc/cpuinfo (Linux, arch/x86/kernel/cpu/proc.c).</summary>
internal static class ProcessorReader
{
    private const string Path = "proc/cpuinfo";

    public static ProcessorFacts Read(HostTree tree)
    {
        (string Name, string Value)[]? fields = tree.ReadLines(Path)?.Select(Field).Where(field => field.Name.Length > 0).ToArray();
        if (fields is null)
            return new ProcessorFacts(null, null, 0, 0, 0, null, false, [], tree.Explain(Path, "nothing is known of the processor"));

        string[] features = First("flags")?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
        int threads = fields.Count(field => field.Name == "processor");
        int sockets = fields.Where(field => field.Name == "physical id").Distinct().Count();
        string? virtualization = features.Contains("svm") ? "AMD-V" : features.Contains("vmx") ? "VT-x" : null;
        return new ProcessorFacts(
            First("model name"),
            First("vendor_id"),
            Math.Max(sockets, Math.Min(threads, 1)),
            Cores(fields) is var cores and > 0 ? cores : threads,
            threads,
            virtualization,
            features.Contains("hypervisor"),
            features,
            threads == 0 ? $"/{Path} names no processor" : null);

        string? First(string name) => fields.FirstOrDefault(field => field.Name == name).Value is { Length: > 0 } value
            ? PrintableText.Clean(value, name == "flags" ? value.Length : PrintableText.LongestName)
            : null;
    }

    /// <summary>A core has its number in a socket, whose line comes before.</summary>
    private static int Cores(IEnumerable<(string Name, string Value)> fields)
    {
        var cores = new HashSet<(string Socket, string Core)>();
        string socket = "";
        foreach ((string name, string value) in fields)
        {
            if (name == "physical id")
                socket = value;
            else if (name == "core id")
                cores.Add((socket, value));
        }

        return cores.Count;
    }

    private static (string Name, string Value) Field(string line)
    {
        int colon = line.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? ("", "") : (line[..colon].TrimEnd(), line[(colon + 1)..].Trim());
    }
}
