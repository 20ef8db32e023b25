using System.Text;
using Hearth.Doctor.Facts;
using Hearth.Launch;

namespace Hearth.Doctor.Reading;

/// <summary>Looks for passt as <c>--net user</c> does, and reads the network interfaces.</summary>
internal static class NetworkReader
{
    private const string Path = "sys/class/net";

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    public static NetworkFacts Read(HostTree tree, string? passt)
    {
        NetworkInterface[] interfaces = Interfaces(tree);
        if (passt is null)
            return new NetworkFacts(null, null, Passt.Missing, interfaces);
        ProgramAnswer answer = ProgramAnswer.Ask(passt, ["--version"], s_patience);
        return answer.Problem is null
            ? new NetworkFacts(passt, Version(Encoding.UTF8.GetString(answer.Output)), null, interfaces)
            : new NetworkFacts(passt, null, answer.Problem, interfaces);
    }

    /// <summary>All but the loopback interface, which every host has.</summary>
    private static NetworkInterface[] Interfaces(HostTree tree) =>
    [
        .. tree.List(Path)
            .Where(name => name != "lo" && tree.Exists($"{Path}/{name}/operstate"))
            .Select(name => new NetworkInterface(
                PrintableText.Clean(name, PrintableText.LongestName), tree.ReadValue($"{Path}/{name}/operstate"), tree.LinkName($"{Path}/{name}/device/driver"))),
    ];

    /// <summary>The first line, which begins with the program's name.</summary>
    internal static string Version(string output)
    {
        const string Name = "passt ";
        string line = PrintableText.Clean(output.Split('\n')[0], PrintableText.LongestName);
        return line.StartsWith(Name, StringComparison.Ordinal) ? line[Name.Length..] : line;
    }
}
