namespace Hearth.Api.Messages;

/// <summary>A person.</summary>
/// <param name="WaitSeconds">For how long no PIN is looked at, after wrong ones.</param>
internal sealed record PersonMessage(int Id, string Name, bool HasPin, double? WaitSeconds);
