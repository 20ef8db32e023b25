using Hearth.House;
using Hearth.Running;
using Hearth.Storage;

namespace Hearth.Supervisor.Tests;

public sealed class CloneTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Clone_ofAState_goesOnBesideTheOther_andTakesNoMemoryMore()
    {
        await using var house = new TestHouse();
        string disk = house.Scratch["disk.qcow2"];
        _ = DiskCreation.Create(new NewDisk(disk, 16 << 20));
        int first = house.Add("one", DiskLog.Script(), definition => definition with { Disks = [new GuestDisk(disk, "qcow2")] }, "virtio_pci", "virtio_blk");
        await house.Runs.StartAsync(first, StartManner.GoOn, Cancellation);
        await DiskLog.WaitAsync(house, first);
        SavedStateRecord state = await house.Runs.SaveAsync(first, new SaveRequest(), null, Cancellation);

        int second = house.Store.Guests.Add(house.Store.Guests.Find(first)! with { Id = 0, Definition = house.Store.Guests.Find(first)!.Definition with { Name = "two" } }).Id;
        await house.Runs.CloneAsync(first, second, state.Id, Cancellation);
        SavedStateRecord copy = Assert.Single(house.Runs.StatesOf(second));
        await house.Runs.StartAsync(second, StartManner.GoOn, Cancellation);
        string cloned = await DiskLog.WaitAsync(house, second);
        string original = await DiskLog.WaitAsync(house, first);
        await house.Runs.StopAsync(first, TimeSpan.Zero, Cancellation);
        await house.Runs.RemoveAsync(first, Cancellation);
        await house.Runs.RestoreAsync(second, copy.Id, keepsPresent: false, null, Cancellation);
        string again = await DiskLog.WaitAsync(house, second);

        Assert.All([cloned, original, again], text => Assert.DoesNotContain("wrong", text, StringComparison.Ordinal));
        Assert.DoesNotContain("n=1.", cloned, StringComparison.Ordinal);
        Assert.True(copy.NewBytes < state.NewBytes / 20, $"{copy} of {state}");
    }

    [Fact]
    public async Task Clone_ofAStoppedGuest_hasItsDisk_andNeitherSeesWhatTheOtherWrites()
    {
        await using var house = new TestHouse();
        string disk = house.Scratch["disk.qcow2"];
        _ = DiskCreation.Create(new NewDisk(disk, 1 << 20));
        const string Script = """
            echo "found=$(dd if=/dev/vda bs=4096 count=1 2> /dev/null | tr -d '\0')."
            printf %s "$(dd if=/dev/vda bs=4096 count=1 2> /dev/null | tr -d '\0')x" > /tmp/x
            truncate -s 4096 /tmp/x
            dd if=/tmp/x of=/dev/vda bs=4096 conv=notrunc,fsync 2> /dev/null
            sleep 3
            """;
        int first = house.Add("one", Script, definition => definition with { Disks = [new GuestDisk(disk, "qcow2")] }, "virtio_pci", "virtio_blk");
        await RunAsync(house, first, "found=.");
        int second = house.Store.Guests.Add(house.Store.Guests.Find(first)! with { Id = 0, Definition = house.Store.Guests.Find(first)!.Definition with { Name = "two" } }).Id;

        await house.Runs.CloneAsync(first, second, null, Cancellation);

        await RunAsync(house, first, "found=x.");
        await RunAsync(house, first, "found=xx.");
        await RunAsync(house, second, "found=x.");
        await house.Runs.RemoveAsync(first, Cancellation);
        await RunAsync(house, second, "found=xx.");
    }

    private static async Task RunAsync(TestHouse house, int guest, string expected)
    {
        await house.StartAsync(guest, expected);
        await house.WaitAsync(guest, GuestPhase.Stopped);
    }
}
