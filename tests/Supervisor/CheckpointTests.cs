using Hearth.House;
using Hearth.Running;
using Hearth.Storage;

namespace Hearth.Supervisor.Tests;

public sealed class CheckpointTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Checkpoints that come by themselves and are thinned out again: chains of disks stay short, and what is left restores.</summary>
    [Fact]
    public async Task Checkpoints_comeByThemselves_andAreThinnedOut()
    {
        await using var house = new TestHouse();
        string disk = house.Scratch["disk.qcow2"];
        _ = DiskCreation.Create(new NewDisk(disk, 16 << 20));
        house.Store.Settings.Write("checkpoints.room", "1");
        int guest = house.Add(
            "one", DiskLog.Script(), definition => definition with { Disks = [new GuestDisk(disk, "qcow2")], CheckpointSeconds = 2 }, "virtio_pci", "virtio_blk");
        await house.Runs.StartAsync(guest, StartManner.GoOn, Cancellation);
        await DiskLog.WaitAsync(house, guest);
        SavedStateRecord kept = await house.Runs.SaveAsync(guest, new SaveRequest("kept"), null, Cancellation);

        while (house.Runs.StatesOf(guest)[0].Id < kept.Id + 5)
            await Task.Delay(100, Cancellation);
        await house.Runs.StopAsync(guest, TimeSpan.Zero, Cancellation);
        IReadOnlyList<SavedStateRecord> states = house.Runs.StatesOf(guest);
        string[] layers = [.. Directory.EnumerateFiles(new GuestPlaces(house.Home).FolderOf(guest)).Where(file => GuestPlaces.TryReadLayer(file, out _, out _))];

        Assert.InRange(states.Count, 2, 3);
        Assert.Contains(kept.Id, states.Select(state => state.Id));
        Assert.InRange(layers.Length, 2, 5);
        Assert.All(layers, layer => Assert.True(DiskInspection.Check(layer, repair: false, null).IsClean, layer));

        // Guests that go on take checkpoints, for which others would go.
        house.Store.Settings.Write("checkpoints.room", "1000000000");
        foreach (SavedStateRecord state in states)
        {
            await house.Runs.RestoreAsync(guest, state.Id, keepsPresent: false, null, Cancellation);
            Assert.DoesNotContain("wrong", await DiskLog.WaitAsync(house, guest), StringComparison.Ordinal);
        }
    }
}
