using Hearth.Guests;

namespace Hearth.Bench.Kvm;

/// <summary>What the comparison under KVM is asked for.</summary>
internal sealed record KvmBenchOptions
{
    /// <summary>How often each side does everything.</summary>
    public int Rounds { get; init; } = 3;

    /// <summary>On this host's own KVM, not in the proving ground.</summary>
    public bool Here { get; init; }

    /// <summary>The workloads to run; all when it is empty.</summary>
    public IReadOnlyList<string> Workloads { get; init; } = [];

    /// <summary>Where the JSON goes; null for nowhere.</summary>
    public string? JsonFile { get; init; }

    /// <exception cref="GuestsException">An option is unknown or its value makes no sense.</exception>
    public static KvmBenchOptions Parse(ReadOnlySpan<string> arguments)
    {
        var options = new KvmBenchOptions();
        while (!arguments.IsEmpty)
        {
            (options, int taken) = arguments switch
            {
                ["--json", string value, ..] => (options with { JsonFile = value }, 2),
                ["--rounds", string value, ..] => (options with { Rounds = BenchOption.Number(value, 1, 1000) }, 2),
                ["--workloads", string value, ..] => (options with { Workloads = BenchOption.Words(value, ',') }, 2),
                ["--here", ..] => (options with { Here = true }, 1),
                _ => throw new GuestsException($"unknown option or missing value: {arguments[0]}"),
            };
            arguments = arguments[taken..];
        }

        return options;
    }
}
