namespace Hearth.Api.Messages;

/// <param name="Pinned">It is never thinned out.</param>
internal sealed record StateChange(bool? Pinned = null);
