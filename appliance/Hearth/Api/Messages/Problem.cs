namespace Hearth.Api.Messages;

/// <summary>Why something could not be done (RFC 9457).</summary>
/// <param name="Title">What kind of failure it is, for people.</param>
/// <param name="Status">As in the answer's first line.</param>
/// <param name="Detail">One sentence without a full stop.</param>
/// <param name="Code">What kind of failure it is, for programs.</param>
/// <param name="WaitSeconds">After how long it makes sense to try again; absent where time changes nothing.</param>
internal sealed record Problem(string Title, int Status, string Detail, string Code, double? WaitSeconds = null);
