namespace Hearth.House;

/// <summary>Where a person sits: a screen, a keyboard, sound.</summary>
/// <param name="Id">0 before the store has given one.</param>
internal sealed record Seat(int Id, string Name)
{
    /// <summary>Connectors of screens, such as <c>HDMI-A-1</c>.</summary>
    public IReadOnlyList<string> Outputs { get; init; } = [];

    /// <summary>Keyboards, pointers, pads.</summary>
    public IReadOnlyList<string> Inputs { get; init; } = [];

    /// <summary>The sound card; null for none.</summary>
    public string? Sound { get; init; }

    /// <summary>The identifier of the guest that is shown; null for none.</summary>
    public int? Guest { get; init; }

    /// <summary>The guests, by identifier, that a switch or a key brings by a name: <c>learn</c>.</summary>
    public IReadOnlyDictionary<string, int> Modes { get; init; } = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
}
