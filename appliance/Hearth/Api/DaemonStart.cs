using Hearth.House;
using Hearth.Running;

namespace Hearth.Api;

/// <summary>What a daemon starts with.</summary>
/// <param name="Runs">Makes what runs the guests. What it makes is disposed of at the end, when it can be; guests that run then are to run on.</param>
/// <param name="Log">Takes sentences, without a full stop, about what failed without anybody having asked for it.</param>
internal sealed record DaemonStart(HomeFolder Home, Func<DaemonContext, Task<IGuestRuns>> Runs, TimeProvider Clock, Action<string> Log)
{
    /// <summary>How PINs are kept.</summary>
    public PinHash Hash { get; init; } = new();

    /// <summary>What this process gets of the processors.</summary>
    public OwnShare Share { get; init; } = new();

    /// <summary>A copy of the store to go on with; null for the store itself.</summary>
    public string? Backup { get; init; }
}
