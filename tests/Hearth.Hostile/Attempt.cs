namespace Hearth.Hostile;

/// <summary>Something that a jailed process must not be able to do.</summary>
/// <param name="Name">In words.</param>
/// <param name="Try">Tries it; an error number below zero when it was denied.</param>
internal sealed record Attempt(string Name, Func<long> Try);
