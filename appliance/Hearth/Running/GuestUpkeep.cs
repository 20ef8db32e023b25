using Hearth.Storage;

namespace Hearth.Running;

/// <summary>What a guest's disks consist of, and what of that nobody needs any more; and checkpoints that are too many.</summary>
internal sealed class GuestUpkeep(GuestHost host, int guest)
{
    public DiskLayers Disks { get; } = new(host.Places, guest);

    /// <summary>All layers that the present or a state knows of.</summary>
    public LayerTree TreeOf(GuestPresent present) => new(present.Layers.Concat(host.States.DetailsOf(guest).SelectMany(details => details.Layers)));

    /// <summary>A layer may be written to: no state has it as it is, no other layer lies on it, and no other guest has it.</summary>
    public Func<DiskRecord, bool> FreeIn(LayerTree tree)
    {
        HashSet<(int, int)> needed = [.. host.States.DetailsOf(guest).SelectMany(details => details.Disks).Select(disk => (disk.Slot, disk.Layer))];
        return disk => !needed.Contains((disk.Slot, disk.Layer)) && !tree.HasAbove(disk.Slot, disk.Layer) && Disks.IsOnlyOurs(disk);
    }

    /// <summary>Looks whether the guest can go on from a state, before anything else is given up for it.</summary>
    /// <param name="progress">Told the share of its memory that has been looked at; null for nobody.</param>
    /// <exception cref="GuestRunException">Its memory or one of its disks is gone, or damaged.</exception>
    public void Verify(long state, StateDetails details, GuestPresent present, IProgress<double>? progress)
    {
        host.States.Verify(state, progress);
        try
        {
            Disks.Verify(details.Disks, TreeOf(present));
        }
        catch (StorageException error)
        {
            throw new GuestRunException($"the saved state {state} cannot be used: {error.Message.TrimEnd('.')}", GuestRunFailure.Damaged, error);
        }
    }

    /// <summary>Takes away layers that neither a state, nor the present, nor what was given up lately needs.</summary>
    /// <returns>The present, which has forgotten them.</returns>
    /// <exception cref="IOException">The host's file system refused.</exception>
    public GuestPresent SweepLayers(GuestPresent present)
    {
        LayerTree tree = TreeOf(present);
        Disks.Sweep(Needed(present), tree);
        return present with { Layers = tree.Records };
    }

    /// <summary>After a checkpoint: gives up those that are too many, and the layers that nobody needs then.</summary>
    /// <param name="isWanted">Somebody waits for the guest: the rest comes the next time.</param>
    /// <exception cref="GuestRunException">A state is in use, or the host's file system refused.</exception>
    /// <exception cref="StorageException">A layer is damaged.</exception>
    /// <inheritdoc cref="SweepLayers"/>
    public GuestPresent Thin(GuestPresent present, Func<bool> isWanted)
    {
        foreach (long state in CheckpointPlan.Excess(host.States.Of(guest), host.Clock.GetUtcNow(), host.CheckpointRoom))
        {
            if (isWanted())
                return present;
            if (state != present.Base && state != present.Saved)
                host.States.Delete(state);
        }

        GuestPresent swept = SweepLayers(present);

        // One each time.
        Disks.Merge([.. Needed(swept)], swept.Disks, TreeOf(swept), isWanted);
        return swept;
    }

    private IEnumerable<DiskRecord> Needed(GuestPresent present) =>
        present.Disks.Concat(present.GivenUp.SelectMany(disks => disks)).Concat(host.States.DetailsOf(guest).SelectMany(details => details.Disks));
}
