namespace Hearth.Running;

/// <summary>Gives back what a guest needs no more: checkpoints that are too many, layers that are below nothing, and chains of layers that could be shorter.</summary>
internal sealed class GuestUpkeep(GuestHost host, int guest)
{
    /// <summary>Takes away layers that no state and nothing of the present needs.</summary>
    /// <exception cref="Storage.StorageException">A layer is damaged.</exception>
    /// <exception cref="IOException">The host's file system refused.</exception>
    public void SweepLayers(GuestPresent present) => host.Layers.Sweep(guest, Needed(present));

    /// <summary>After a checkpoint.</summary>
    /// <exception cref="Snapshots.SnapshotException">A state is damaged, or the host's file system refused.</exception>
    /// <inheritdoc cref="SweepLayers"/>
    public void Thin(GuestPresent present)
    {
        IReadOnlyList<long> gone = CheckpointPlan.Excess(host.States.Of(guest), host.Clock.GetUtcNow(), host.CheckpointRoom);
        foreach (long state in gone)
            host.States.Delete(state);
        if (gone.Count > 0)
            host.States.Sweep();
        SweepLayers(present);

        // One each time: whoever waits for this guest does not wait for long.
        _ = host.Layers.TryMerge(guest, Needed(present), present.Layers);
    }

    private IReadOnlyList<IReadOnlyList<int>> Needed(GuestPresent present) => [present.Layers, .. host.States.DetailsOf(guest).Select(details => details.Layers)];
}
