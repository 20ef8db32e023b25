namespace Hearth.Snapshots.States;

/// <summary>A state that is there and cannot be read: it is damaged, or a later version wrote it.</summary>
/// <param name="Sentence">Why, with the file's name.</param>
public sealed record UnreadableState(long Id, string Sentence);
