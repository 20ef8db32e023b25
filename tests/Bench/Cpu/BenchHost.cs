using System.Globalization;
using Hearth.Guests;

namespace Hearth.Bench.Cpu;

/// <summary>Where and with what a comparison was made, for its record.</summary>
/// <param name="GuestKernel">The release of the guests' kernel.</param>
/// <param name="Compiler">What built the measured programs.</param>
internal sealed record BenchHost(
    DateTimeOffset Time, string Processor, int Processors, string Kernel, string GuestKernel, string Hearth, string? Qemu, string Compiler)
{
    public static BenchHost Read(string guestKernel, string compiler, bool withQemu) => new(
        TimeProvider.System.GetUtcNow(),
        ProcessorName(),
        Environment.ProcessorCount,
        File.ReadAllText("/proc/sys/kernel/osrelease").Trim(),
        guestKernel,
        HearthVersion(),
        withQemu ? HostCommand.Require(Contender.QemuPath, ["--version"]).Split('\n')[0] : null,
        compiler);

    /// <summary>How many programs wanted to run in the last minute, on average (proc_loadavg(5)).</summary>
    public static double Load()
    {
        string[] words = File.ReadAllText("/proc/loadavg").Split(' ');
        return double.Parse(words[0], CultureInfo.InvariantCulture);
    }

    private static string HearthVersion() => File.Exists(Contender.HearthPath)
        ? HostCommand.Run(Contender.HearthPath, ["--version"]).Output.Trim()
        : throw new GuestsException($"there is no {Contender.HearthPath}; $HEARTH_EXECUTABLE names another place");

    private static string ProcessorName()
    {
        string? line = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal));
        return line is null ? "unknown" : line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
    }
}
