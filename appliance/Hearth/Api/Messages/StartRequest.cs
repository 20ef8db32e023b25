namespace Hearth.Api.Messages;

/// <param name="Boot">It boots, even where it could go on from a saved state.</param>
internal sealed record StartRequest(bool Boot = false);
