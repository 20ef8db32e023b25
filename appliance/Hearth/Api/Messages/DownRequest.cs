namespace Hearth.Api.Messages;

/// <param name="KeepGuests">They run on, and are not saved.</param>
internal sealed record DownRequest(bool KeepGuests = false);
