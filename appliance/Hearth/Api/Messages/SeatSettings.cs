namespace Hearth.Api.Messages;

/// <summary>What a seat is. In a request what is absent stays as it is.</summary>
internal sealed record SeatSettings
{
    public string? Name { get; init; }

    public IReadOnlyList<string>? Outputs { get; init; }

    public IReadOnlyList<string>? Inputs { get; init; }

    /// <summary>Empty to take it away.</summary>
    public string? Sound { get; init; }

    /// <summary>What it shows from now on, without that anything is started or saved; empty for nothing.</summary>
    public string? Guest { get; init; }

    /// <summary>Names of guests by the names of modes; an empty name takes a mode away.</summary>
    public IReadOnlyDictionary<string, string>? Modes { get; init; }
}
