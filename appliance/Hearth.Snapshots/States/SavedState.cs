using Hearth.Snapshots.Pages;

namespace Hearth.Snapshots.States;

/// <summary>A guest's memory and what goes with it, of one instant.</summary>
/// <param name="Id">Grows from state to state.</param>
/// <param name="Guest">Whose it is.</param>
/// <param name="Pages">Pages of memory.</param>
/// <param name="NewBytes">What it took in addition to the states before it, in bytes.</param>
public sealed record SavedState(long Id, string Guest, DateTimeOffset Taken, long Pages, long NewBytes)
{
    /// <summary>Bytes of a page.</summary>
    public const int PageLength = Chunk.PageLength;
}
