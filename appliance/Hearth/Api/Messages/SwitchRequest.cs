namespace Hearth.Api.Messages;

/// <summary>A seat is to show another guest.</summary>
/// <param name="To">A mode of the seat, or a guest.</param>
/// <param name="Person">Who asks.</param>
internal sealed record SwitchRequest(string? To = null, string? Person = null, string? Pin = null)
{
    // Not the generated one, which would write the PIN.
    public override string ToString() => $"{To} for {Person}";
}
