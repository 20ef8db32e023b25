using System.Text;
using Hearth.Guests.Debian;
using Hearth.Guests.Initramfs;

namespace Hearth.Proving.Agent;

/// <summary>The kernel's first root and the files of the shared folder that the agent starts from.</summary>
internal static class AgentFiles
{
    /// <summary>Name of the port of virtio-serial; agent.sh looks for it.</summary>
    public const string Port = "hearth.agent";

    private static readonly string[] s_passedOn = ["HOME", "PATH", "USER", "LANG", "TMPDIR", "HEARTH_CACHE", "XDG_CACHE_HOME", "NUGET_PACKAGES"];

    /// <summary>Writes the initial RAM disk, not compressed: to unpack it costs the emulated processor more than to read it.</summary>
    public static void WriteInitramfs(string path, string share, KernelPackage kernel, PackageCache cache, IEnumerable<string> modules)
    {
        InitramfsBuilder initramfs = new InitramfsBuilder()
            .AddBusybox(cache.Fetch("busybox-static"))
            .AddModules(kernel, modules)
            .Run(Resource("init.sh").Replace("@SHARE@", share, StringComparison.Ordinal));
        using FileStream file = File.Create(path);
        initramfs.Write(file);
    }

    public static void WriteShare(string share)
    {
        File.WriteAllText(Path.Combine(share, "agent.sh"), Resource("agent.sh"));
        File.WriteAllText(Path.Combine(share, "environment.sh"), Environment());
    }

    /// <summary>What a program inside has to know to find what a program here finds.</summary>
    private static string Environment()
    {
        var text = new StringBuilder();
        foreach (string name in s_passedOn)
        {
            if (System.Environment.GetEnvironmentVariable(name) is { } value)
                Export(text, name, value);
        }

        // The runtime of this program serves what was built for it.
        string runtime = System.Runtime.InteropServices.RuntimeEnvironment.GetRuntimeDirectory();
        Export(text, "DOTNET_ROOT", Path.GetFullPath(Path.Combine(runtime, "../../..")));
        return text.ToString();
    }

    private static void Export(StringBuilder text, string name, string value) => text.Append($"export {name}={ShellWord.Quote(value)}\n");

    private static string Resource(string name)
    {
        using Stream stream = typeof(AgentFiles).Assembly.GetManifestResourceStream(name)!;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
