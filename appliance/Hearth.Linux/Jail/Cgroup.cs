using System.Globalization;
using Hearth.Linux.Interop;

namespace Hearth.Linux.Jail;

/// <summary>
/// A group of processes that is bounded and ended as one: version 2 of cgroups(7) only. The folder that it is made in belongs to whoever
/// starts guests, and has no processes of its own: the kernel gives controllers to the children of no other.
/// </summary>
public sealed class Cgroup
{
    private const uint FolderMode = 0x1ED; // 0755
    private const int MicrosecondsPeriod = 100_000;

    private static readonly string[] s_controllers = ["memory", "cpu", "pids"];

    private Cgroup(string path) => Path = path;

    /// <summary>Where it lies in the file system.</summary>
    public string Path { get; }

    /// <summary>Why no groups can be made in a folder.</summary>
    /// <param name="parent">A folder in a mount of version 2.</param>
    /// <returns>A sentence without its full stop, or null when nothing is in the way.</returns>
    public static string? Obstacle(string parent)
    {
        if (!Directory.Exists(parent))
            return $"{parent} is not there";
        if (!File.Exists(System.IO.Path.Combine(parent, "cgroup.controllers")))
            return $"{parent} is no folder of cgroups of version 2";
        string[] missing = [.. s_controllers.Except(Words(parent, "cgroup.controllers"))];
        return missing.Length == 0 ? null : $"{parent} has no controller for {string.Join(", ", missing)}";
    }

    /// <summary>Makes a group, or takes one over that was left behind.</summary>
    /// <param name="name">In the folder.</param>
    /// <exception cref="LinuxException">The kernel refused; the message starts with the path.</exception>
    public static Cgroup Create(string parent, string name)
    {
        const int EEXIST = 17;
        string path = System.IO.Path.Combine(parent, name);
        if (Libc.mkdir(path, FolderMode) != 0 && System.Runtime.InteropServices.Marshal.GetLastPInvokeError() != EEXIST)
            throw LinuxException.Last(path);
        return new Cgroup(path);
    }

    /// <summary>Finds a group.</summary>
    /// <returns>Null where there is none.</returns>
    public static Cgroup? Find(string parent, string name) => Directory.Exists(System.IO.Path.Combine(parent, name)) ? new Cgroup(System.IO.Path.Combine(parent, name)) : null;

    /// <summary>Sets its share of the processors beside others (cpu.weight).</summary>
    /// <returns>False where the host has no controller for that, or the group is gone.</returns>
    public bool TrySetWeight(int weight)
    {
        var lacking = new List<string>();
        Try(Path, "cpu.weight", weight.ToString(CultureInfo.InvariantCulture), lacking);
        return lacking.Count == 0;
    }

    /// <summary>Sets bounds, as far as the host has controllers for them.</summary>
    /// <returns>A sentence for each that is not in force.</returns>
    public IReadOnlyList<string> Apply(CgroupLimits limits)
    {
        ArgumentNullException.ThrowIfNull(limits);
        var lacking = new List<string>();
        string parent = System.IO.Path.GetDirectoryName(Path)!;
        foreach (string controller in s_controllers.Intersect(Words(parent, "cgroup.controllers")))
            Try(parent, "cgroup.subtree_control", $"+{controller}", lacking);
        foreach ((string file, string? value) in Values(limits))
        {
            if (value is not null)
                Try(Path, file, value, lacking);
        }

        return lacking;
    }

    /// <summary>Puts a process and all its threads into the group.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public void Add(int process) => Write(Path, "cgroup.procs", process.ToString(CultureInfo.InvariantCulture));

    /// <summary>The processes that are in it now.</summary>
    public IReadOnlyList<int> Processes() => [.. Words(Path, "cgroup.procs").Select(word => int.Parse(word, NumberStyles.None, CultureInfo.InvariantCulture))];

    /// <summary>Ends all processes in it, and those that they start meanwhile (cgroup.kill, since Linux 5.14).</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public void Kill() => Write(Path, "cgroup.kill", "1");

    /// <summary>Takes the group away.</summary>
    /// <returns>False as long as a process is in it.</returns>
    /// <exception cref="LinuxException">The kernel refused for another reason.</exception>
    public bool TryRemove()
    {
        if (Libc.rmdir(Path) == 0)
            return true;
        return System.Runtime.InteropServices.Marshal.GetLastPInvokeError() switch
        {
            Libc.EBUSY => false,
            Libc.ENOENT => true,
            _ => throw LinuxException.Last(Path),
        };
    }

    /// <summary>What it uses now.</summary>
    public CgroupUsage Read()
    {
        long? memory = Words(Path, "memory.current") is [var word, ..] ? Number(word) : null;
        return new CgroupUsage(memory, Field("memory.events", "oom_kill"), Field("cpu.stat", "usage_usec") is { } time ? TimeSpan.FromMicroseconds(time) : null);
    }

    /// <summary>A descriptor by which a process enters the group: by writing 0 to it.</summary>
    internal FileDescriptor OpenProcesses() => FileDescriptor.Open(System.IO.Path.Combine(Path, "cgroup.procs"), FileAccessMode.Write);

    internal static IEnumerable<(string File, string? Value)> Values(CgroupLimits limits)
    {
        yield return ("memory.max", Text(limits.Memory));
        yield return ("memory.swap.max", Text(limits.Swap));
        yield return ("cpu.weight", Text(limits.ProcessorWeight));
        yield return ("cpu.max", limits.Processors is { } processors ? string.Create(CultureInfo.InvariantCulture, $"{(long)(processors * MicrosecondsPeriod)} {MicrosecondsPeriod}") : null);
        yield return ("pids.max", Text(limits.Threads));
    }

    private static string? Text(long? value) => value?.ToString(CultureInfo.InvariantCulture);

    private static void Try(string folder, string file, string value, List<string> lacking)
    {
        try
        {
            Write(folder, file, value);
        }
        catch (LinuxException error)
        {
            lacking.Add(error.Message);
        }
    }

    private static void Write(string folder, string file, string value)
    {
        string path = System.IO.Path.Combine(folder, file);
        using FileDescriptor descriptor = FileDescriptor.Open(path, FileAccessMode.Write);
        try
        {
            descriptor.Write(System.Text.Encoding.ASCII.GetBytes(value));
        }
        catch (LinuxException error)
        {
            throw new LinuxException($"{path}: {value}", error.ErrorNumber);
        }
    }

    /// <summary>A line <c>NAME NUMBER</c> of a file.</summary>
    private long? Field(string file, string name)
    {
        string[] words = Words(Path, file);
        int index = Array.IndexOf(words, name);
        return index >= 0 && index + 1 < words.Length ? Number(words[index + 1]) : null;
    }

    private static long? Number(string word) => long.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out long value) ? value : null;

    /// <summary>None when the file cannot be read.</summary>
    private static string[] Words(string folder, string file)
    {
        try
        {
            using FileDescriptor descriptor = FileDescriptor.Open(System.IO.Path.Combine(folder, file), FileAccessMode.Read);
            var text = new System.Text.StringBuilder();
            Span<byte> part = stackalloc byte[4096];
            for (int count = descriptor.Read(part); count > 0; count = descriptor.Read(part))
                text.Append(System.Text.Encoding.ASCII.GetString(part[..count]));
            return text.ToString().Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
        }
        catch (LinuxException)
        {
            return [];
        }
    }
}
