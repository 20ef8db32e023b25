namespace Hearth.Protocol;

/// <summary>Memory of a restored guest that is still to come: all pages of the state it goes on from.</summary>
/// <param name="Address">Where RAM begins in the process, for pages that come when they are touched (userfaultfd, the descriptor that goes with this); the guest runs already.</param>
/// <param name="IsWaiting">The guest waits until everything is in its memory file, which is the descriptor that goes with this.</param>
public sealed record FillRequest(ulong Address, bool IsWaiting);
