namespace Hearth.Protocol;

/// <summary>What a serial port or console is plugged into.</summary>
/// <param name="Output">Where the guest's bytes go: a descriptor; null for nowhere.</param>
/// <param name="Input">Where typed bytes come from; null for none. Ctrl-A is taken out of what is typed.</param>
public sealed record SerialConfiguration(int? Output, int? Input)
{
    /// <summary>A listening stream socket in their place: whoever connects gets what was written last and what is written, and types. null for none.</summary>
    public int? Listener { get; init; }
}
