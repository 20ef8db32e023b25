using Hearth.Boot.Tests;
using Hearth.House;
using Hearth.Linux;
using Hearth.Linux.Jail;
using Hearth.Running;
using Hearth.Storage;

namespace Hearth.Supervisor.Tests;

public sealed class DiskSavingTests
{
    private const int DiskLength = 16 << 20;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("raw")]
    [InlineData("qcow2")]
    public async Task Disk_ofAGuestThatGoesBack_isOfTheSameInstant(string format)
    {
        await using var house = new TestHouse();
        string disk = MakeDisk(house, format);
        byte[] before = File.ReadAllBytes(disk);
        int guest = house.Add("one", DiskLog.Script(), definition => definition with { Disks = [new GuestDisk(disk, format)] }, "virtio_pci", "virtio_blk");
        await house.Runs.StartAsync(guest, StartManner.GoOn, Cancellation);
        await DiskLog.WaitAsync(house, guest);

        SavedStateRecord early = await house.Runs.SaveAsync(guest, new SaveRequest(), null, Cancellation);
        await DiskLog.WaitAsync(house, guest);
        SavedStateRecord late = await house.Runs.SaveAsync(guest, new SaveRequest(Stops: true), null, Cancellation);
        await house.Runs.RestoreAsync(guest, early.Id, keepsPresent: false, null, Cancellation);
        string afterEarly = await DiskLog.WaitAsync(house, guest);
        await house.Runs.RestoreAsync(guest, late.Id, keepsPresent: true, null, Cancellation);
        string afterLate = await DiskLog.WaitAsync(house, guest);
        await house.Runs.StopAsync(guest, TimeSpan.Zero, Cancellation);

        Assert.DoesNotContain("wrong", afterEarly, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong", afterLate, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(disk));
        Assert.All(LayersOf(house, guest), layer => Assert.True(DiskInspection.Check(layer, repair: false, null).IsClean, layer));
    }

    [Fact]
    public async Task Guest_stoppedBySaving_goesOnWhereItWas()
    {
        await using var house = new TestHouse();
        string disk = MakeDisk(house, "raw");
        int guest = house.Add("one", DiskLog.Script(), definition => definition with { Disks = [new GuestDisk(disk, "raw")] }, "virtio_pci", "virtio_blk");
        await house.Runs.StartAsync(guest, StartManner.GoOn, Cancellation);
        await DiskLog.WaitAsync(house, guest);

        await house.Runs.SaveAsync(guest, new SaveRequest(Stops: true), null, Cancellation);
        GuestCondition stopped = house.Runs.ConditionOf(guest);
        await house.ReopenAsync();
        await house.Runs.StartAsync(guest, StartManner.GoOn, Cancellation);
        string console = await DiskLog.WaitAsync(house, guest);

        Assert.Equal((GuestPhase.Saved, null), (stopped.Phase, stopped.ProcessId));
        Assert.DoesNotContain("wrong", console, StringComparison.Ordinal);
        Assert.DoesNotContain("n=1.", console, StringComparison.Ordinal);
    }

    /// <summary>A file that cannot be read is no reason to boot anew as long as there is a state that does without it.</summary>
    [Fact]
    public async Task Process_killed_whileALayerOfItsLastStateIsDamaged_guestGoesOnFromTheOneBefore()
    {
        await using var house = new TestHouse();
        string disk = MakeDisk(house, "raw");
        int guest = house.Add("one", DiskLog.Script(), definition => definition with { Disks = [new GuestDisk(disk, "raw")] }, "virtio_pci", "virtio_blk");
        await house.Runs.StartAsync(guest, StartManner.GoOn, Cancellation);
        await DiskLog.WaitAsync(house, guest);
        SavedStateRecord early = await house.Runs.SaveAsync(guest, new SaveRequest(), null, Cancellation);
        await DiskLog.WaitAsync(house, guest);
        SavedStateRecord late = await house.Runs.SaveAsync(guest, new SaveRequest(), null, Cancellation);

        // The last is the one that the guest writes to, and the one before has what the later state alone needs.
        string layer = LayersOf(house, guest).Order().SkipLast(1).Last();
        using (FileStream file = File.OpenWrite(layer))
            file.Write(new byte[512]);
        using (var process = ProcessHandle.Open(house.Runs.ConditionOf(guest).ProcessId!.Value))
            Assert.True(process.TrySignal(Signal.Kill));
        await house.WaitForEventAsync($"one: the guest goes on from its state {early.Id}");
        string console = await DiskLog.WaitAsync(house, guest);

        Assert.DoesNotContain("wrong", console, StringComparison.Ordinal);
        Assert.DoesNotContain("Linux version", console, StringComparison.Ordinal);
        Assert.DoesNotContain(house.Store.Events.Last(20), happened => happened.Sentence == $"one: the guest goes on from its state {late.Id}");
    }

    private static string MakeDisk(TestHouse house, string format)
    {
        string disk = house.Scratch[$"disk.{format}"];
        _ = DiskCreation.Create(new NewDisk(disk, DiskLength) { Format = format == "raw" ? DiskFormat.Raw : DiskFormat.Qcow2 });
        return disk;
    }

    private static IEnumerable<string> LayersOf(TestHouse house, int guest) =>
        Directory.EnumerateFiles(new GuestPlaces(house.Home).FolderOf(guest)).Where(file => GuestPlaces.TryReadLayer(file, out _, out _));
}
