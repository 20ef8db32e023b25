namespace Hearth.Fuzz.Runs;

/// <summary>A subject that did something else than the oracle.</summary>
/// <param name="Subject">Which one.</param>
/// <param name="Differences">One sentence each, the oracle's value first.</param>
internal sealed record Failure(string Subject, IReadOnlyList<string> Differences)
{
    /// <summary>What differs, without values: failures with the same signature are likely the same bug.</summary>
    public string Signature => string.Join(' ', Differences.Select(difference => difference.Split(':')[0]));
}
