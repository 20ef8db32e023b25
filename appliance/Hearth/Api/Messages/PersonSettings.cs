namespace Hearth.Api.Messages;

/// <summary>A person to be added.</summary>
/// <param name="Pin">Of 4 to 12 digits; absent for a person without one.</param>
internal sealed record PersonSettings(string? Name = null, string? Pin = null)
{
    // Not the generated one, which would write the PIN.
    public override string ToString() => Name ?? "";
}
