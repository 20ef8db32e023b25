namespace Hearth.Api.Messages;

/// <param name="State">Absent for the last one.</param>
/// <param name="KeepPresent">What runs now is saved first.</param>
internal sealed record RestoreRequest(long? State = null, bool KeepPresent = true);
