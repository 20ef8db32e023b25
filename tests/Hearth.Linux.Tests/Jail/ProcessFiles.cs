using System.Globalization;

namespace Hearth.Linux.Tests.Jail;

/// <summary>What /proc says of a process.</summary>
internal static class ProcessFiles
{
    private static readonly string[] s_namespaces = ["user", "mnt", "net", "ipc", "uts", "cgroup", "pid"];

    /// <summary>Fields of the status of each of its threads (proc_pid_status(5)).</summary>
    public static IReadOnlyList<Dictionary<string, string>> ThreadStatus(int id) =>
    [
        .. Directory.EnumerateDirectories(PathOf(id, "task")).Select(thread => File.ReadLines(Path.Combine(thread, "status"))
            .Select(line => line.Split(':', 2))
            .ToDictionary(pair => pair[0], pair => pair[1].Trim())),
    ];

    /// <summary>The namespaces that it has in common with this process.</summary>
    public static IEnumerable<string> SharedNamespaces(int id) => s_namespaces.Where(name => Namespace(id, name) == Namespace(Environment.ProcessId, name));

    /// <summary>A limit that can be raised up to the second (proc_pid_limits(5)).</summary>
    public static (string Soft, string Hard) Limits(int id, string name)
    {
        string line = File.ReadLines(PathOf(id, "limits")).Single(line => line.StartsWith(name, StringComparison.Ordinal));
        string[] fields = line[name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return (fields[0], fields[1]);
    }

    public static string PathOf(int id, string name) => string.Create(CultureInfo.InvariantCulture, $"/proc/{id}/{name}");

    private static string? Namespace(int id, string name) => File.ResolveLinkTarget(PathOf(id, $"ns/{name}"), returnFinalTarget: false)?.Name;
}
