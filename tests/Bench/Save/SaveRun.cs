namespace Hearth.Bench.Save;

/// <summary>What the rows work with.</summary>
/// <param name="Directory">For files that are gone at the end.</param>
/// <param name="AotProgram">A <c>hearth-vm</c> that was compiled ahead of time; null for none.</param>
/// <param name="Cancellation">Somebody has interrupted the comparison.</param>
internal sealed record SaveRun(SaveAssets Assets, SaveSeries Series, string Directory, string? AotProgram, CancellationToken Cancellation)
{
    /// <summary>The forms in which there is a <c>hearth-vm</c>.</summary>
    public IReadOnlyList<(string Contender, string? Program)> Programs =>
        AotProgram is null ? [(SaveSeries.Hearth, null)] : [(SaveSeries.Hearth, null), (SaveSeries.HearthAot, AotProgram)];

    /// <summary>Lets a guest work for a while.</summary>
    /// <exception cref="OperationCanceledException">Interrupted.</exception>
    public void Wait(TimeSpan time)
    {
        _ = Cancellation.WaitHandle.WaitOne(time);
        Cancellation.ThrowIfCancellationRequested();
    }
}
