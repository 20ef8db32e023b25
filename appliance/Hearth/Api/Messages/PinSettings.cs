namespace Hearth.Api.Messages;

/// <summary>Another PIN.</summary>
/// <param name="Pin">Absent to take it away.</param>
internal sealed record PinSettings(string? Pin = null)
{
    // Not the generated one, which would write the PIN.
    public override string ToString() => "";
}
