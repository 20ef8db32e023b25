using Hearth.House;
using Hearth.Running;
using Hearth.Store;

namespace Hearth.Tests.Store;

public sealed class HouseStoreTests : IDisposable
{
    private readonly StoreFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Guests_withEverySetting_comeBackAsTheyWere()
    {
        var definition = new GuestDefinition
        {
            Name = "Гра",
            Engine = "software",
            Memory = "512M",
            Cpus = 2,
            CpuModel = "x86-64-v2",
            Paravirtual = "hyperv",
            Kernel = "/k",
            Initrd = "/i",
            Append = "console=ttyS0",
            Disks = [new GuestDisk("/a,b.img", "raw", "ide", true), new GuestDisk("/c")],
            CdRoms = ["/cd"],
            Firmware = "/f",
            BootOrder = ["cd", "menu"],
            Networks = ["user", "none"],
            Vga = "virtio",
            Screen = "800x600",
            Sound = "hda",
            Input = "virtio,pad",
            Balloon = "128M",
            Watchdog = "reset",
            Vsock = "3:/v",
            CpuWeight = 50,
            CpuCap = 150,
            CheckpointSeconds = 5,
            StartsWithHouse = true,
            Persons = [1, 2],
        };
        using (HouseStore store = _folder.Open())
            store.Guests.Add(new Guest(0, definition, _folder.Clock.GetUtcNow()));

        using HouseStore again = _folder.Open();

        Guest guest = Assert.Single(again.Guests.All());
        Assert.Equal((1, _folder.Clock.GetUtcNow()), (guest.Id, guest.Added));
        Assert.Equivalent(definition, guest.Definition, strict: true);
    }

    [Fact]
    public void Guests_withoutSettings_comeBackAsTheyWere()
    {
        using HouseStore store = _folder.Open();
        Guest added = store.Guests.Add(new Guest(0, new GuestDefinition { Name = "plain" }, _folder.Clock.GetUtcNow()));

        Assert.Equivalent(added, store.Guests.Find(added.Id), strict: true);
        Assert.Null(store.Guests.Find(99));
    }

    [Fact]
    public void PersonsAndSeats_comeBackAsTheyWere()
    {
        var person = new Person(0, "Mum", "pbkdf2-sha256$1$AA==$AA==", 4, new DateTimeOffset(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero).AddTicks(9));
        var seat = new Seat(0, "sofa") { Outputs = ["HDMI-A-1"], Inputs = ["a", "b"], Sound = "card 0", Guest = 7, Modes = new Dictionary<string, int> { ["learn"] = 8 } };
        using (HouseStore store = _folder.Open())
        {
            store.Persons.Add(person);
            store.Seats.Add(seat);
        }

        using HouseStore again = _folder.Open();

        Assert.Equal(person with { Id = 1 }, Assert.Single(again.Persons.All()));
        Seat kept = Assert.Single(again.Seats.All());
        Assert.Equivalent(seat with { Id = 1 }, kept, strict: true);
        Assert.Equal(8, kept.Modes["LEARN"]);
    }

    [Fact]
    public void States_ofAGuest_areTheNewestFirst()
    {
        StoredState[] states =
        [
            new(new SavedStateRecord(1, 5, _folder.Clock.GetUtcNow(), true, false, null, 1L << 40, 0, TimeSpan.FromTicks(3)), "{}"),
            new(new SavedStateRecord(2, 6, _folder.Clock.GetUtcNow(), false, true, "a label", 4096, 77, TimeSpan.FromMilliseconds(12)), ""),
            new(new SavedStateRecord(3, 5, _folder.Clock.GetUtcNow(), false, true, "", 0, 1, TimeSpan.Zero), "more"),
        ];
        using HouseStore store = _folder.Open();
        foreach (StoredState state in states)
            store.States.Put(state);
        store.States.Put(states[0] with { Details = "other" });

        Assert.Equal([states[2], states[0] with { Details = "other" }], store.States.Of(5));
        Assert.Equal(states[1], store.States.Find(2));
        Assert.True(store.States.Remove(2));
        Assert.False(store.States.Remove(2));
        Assert.Equal([3, 1], store.States.All().Select(state => state.Record.Id));
    }

    [Fact]
    public void Identifiers_ofWhatWasRemoved_areNotGivenAgain()
    {
        using (HouseStore store = _folder.Open())
            Assert.True(store.Persons.Remove(store.Persons.Add(new Person(0, "Dad")).Id));

        using HouseStore again = _folder.Open();

        Assert.Equal(2, again.Persons.Add(new Person(0, "Dad")).Id);
    }

    [Fact]
    public void Together_thatFails_changesNothing()
    {
        using HouseStore store = _folder.Open();

        Assert.Throws<HouseException>(() => store.Together(() =>
        {
            store.Persons.Add(new Person(0, "Mum"));
            throw new HouseException(HouseFailure.Invalid, "no");
        }));

        Assert.Empty(store.Persons.All());
        Assert.Equal("Dad", store.Persons.Add(new Person(0, "Dad")).Name);
        Assert.Single(store.Persons.All());
    }

    [Fact]
    public void Change_thatLiteDbCannotMake_saysSoAndChangesNothing()
    {
        using HouseStore store = _folder.Open();
        store.Persons.Add(new Person(0, "Mum"));

        var error = Assert.Throws<StoreException>(() => store.Together(() =>
        {
            store.Persons.Add(new Person(0, "Dad"));
            throw new IOException("No space left on device");
        }));

        Assert.Contains("hearth.db cannot be written (No space left on device), and nothing was changed", error.Message, StringComparison.Ordinal);
        Assert.Equal("Mum", Assert.Single(store.Persons.All()).Name);
    }

    [Fact]
    public void Replace_whatIsGone_saysSo()
    {
        using HouseStore store = _folder.Open();

        var error = Assert.Throws<HouseException>(() => store.Persons.Replace(new Person(5, "Mum")));

        Assert.Equal((HouseFailure.PersonNotFound, "the person is no longer there"), (error.Failure, error.Message));
    }

    [Fact]
    public void Settings_comeBack()
    {
        using HouseStore store = _folder.Open();
        store.Settings.Write("a", "b");
        store.Settings.Write("c", "d");
        store.Settings.Write("c", null);

        Assert.Equal("b", store.Settings.Read("a"));
        Assert.Null(store.Settings.Read("c"));
    }

    [Fact]
    public void Store_usedFromManyThreads_losesNothing()
    {
        using HouseStore store = _folder.Open();

        Parallel.For(0, 40, number => store.Persons.Add(new Person(0, $"p{number}")));

        Assert.Equal(Enumerable.Range(1, 40), store.Persons.All().Select(person => person.Id).Order());
    }
}
