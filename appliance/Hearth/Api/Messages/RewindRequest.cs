namespace Hearth.Api.Messages;

/// <param name="To"><c>40s</c>, <c>2m</c>, <c>13:05</c>, or the number of a state.</param>
internal sealed record RewindRequest(string? To = null);
