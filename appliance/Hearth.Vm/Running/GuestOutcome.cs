using Hearth.Cpu;
using Hearth.Protocol;

namespace Hearth.Vm.Running;

/// <summary>How a guest ended.</summary>
/// <param name="ExitCode">One of <see cref="Protocol.ExitCode"/>.</param>
/// <param name="Message">A sentence for standard error, or null.</param>
/// <param name="Report">Lines that go with it, or null.</param>
/// <param name="Signal">The signal this process is to die by, or 0.</param>
internal sealed record GuestOutcome(int ExitCode, string? Message = null, string? Report = null, int Signal = 0)
{
    /// <summary>Why, for the supervisor.</summary>
    public GuestCause Cause { get; init; } = GuestCause.Asked;

    /// <summary>What was counted and measured.</summary>
    public IReadOnlyList<EngineStatistic> Statistics { get; init; } = [];
}
