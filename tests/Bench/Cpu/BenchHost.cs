using System.Globalization;
using System.Runtime.InteropServices;
using Hearth.Guests;

namespace Hearth.Bench.Cpu;

/// <summary>Where and with what a comparison was made, for its record.</summary>
internal sealed record BenchHost(string Processor, int Processors, string Kernel, string Hearth, string? Qemu)
{
    public static BenchHost Read(bool withQemu) => new(
        ProcessorName(),
        Environment.ProcessorCount,
        RuntimeInformation.OSDescription,
        HostCommand.Run(Contender.HearthPath, ["--version"]).Output.Trim(),
        withQemu ? HostCommand.Require(Contender.QemuPath, ["--version"]).Split('\n')[0] : null);

    /// <summary>How many programs wanted to run in the last minute, on average (proc_loadavg(5)).</summary>
    public static double Load()
    {
        string[] words = File.ReadAllText("/proc/loadavg").Split(' ');
        return double.Parse(words[0], CultureInfo.InvariantCulture);
    }

    private static string ProcessorName()
    {
        string? line = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal));
        return line is null ? "unknown" : line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
    }
}
