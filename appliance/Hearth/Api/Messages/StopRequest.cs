namespace Hearth.Api.Messages;

/// <param name="PatienceSeconds">How long it may take to follow its power button before it is switched off; 0 for at once.</param>
internal sealed record StopRequest(int? PatienceSeconds = null);
