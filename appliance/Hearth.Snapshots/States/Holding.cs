using Hearth.Snapshots.Pages;

namespace Hearth.Snapshots.States;

/// <summary>What a writer relies on before there is its state, and what a sweep leaves therefore. Under the lock of the store.</summary>
/// <param name="leaves">Of the state before.</param>
internal sealed class Holding(IReadOnlyList<PageReference> leaves)
{
    public IReadOnlyList<PageReference> Leaves => leaves;

    /// <summary>Chunks of others that it has found pages in, by their first pages.</summary>
    public HashSet<PageReference> Chunks { get; } = [];
}
