namespace Hearth.Protocol;

/// <summary>A save of which everything has been sent.</summary>
/// <param name="IsWhole">All of memory was sent, and not only what has changed since the base.</param>
/// <param name="Microseconds">How long the guest stood still.</param>
/// <param name="Pages">Pages that were sent.</param>
/// <param name="Kept">Those of them that the guest was about to change before they were sent.</param>
public sealed record SaveReport(bool IsWhole, long Microseconds, long Pages, long Kept);
