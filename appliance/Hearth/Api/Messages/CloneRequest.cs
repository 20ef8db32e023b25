namespace Hearth.Api.Messages;

/// <param name="Name">Of the new guest.</param>
/// <param name="State">What it is made of; absent for the guest as it is stopped.</param>
internal sealed record CloneRequest(string? Name = null, long? State = null);
