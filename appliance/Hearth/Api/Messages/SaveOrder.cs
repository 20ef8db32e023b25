namespace Hearth.Api.Messages;

/// <param name="Label">What the state is called.</param>
/// <param name="Stops">The guest's process ends, and goes on from the state when it starts again.</param>
/// <param name="Pinned">The state is never thinned out.</param>
internal sealed record SaveOrder(string? Label = null, bool Stops = false, bool Pinned = false);
