using Hearth.Api.Messages;
using Hearth.House;

namespace Hearth.Supervisor.Tests.Soak;

public sealed class TreeKilledTests
{
    private const string First = "first";
    private const string Second = "second";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public Task Tree_killedAtRandom_losesNothingThatWasReported() => StrikeAsync(Blow.Tree, SoakCount.Or(1));

    [Fact(Explicit = true)]
    public Task Tree_killedAtRandomFiveHundredTimes_losesNothingThatWasReported() => StrikeAsync(Blow.Tree, SoakCount.Or(500));

    [Fact]
    public Task Power_cutAtRandom_losesNothingThatWasReported() => StrikeAsync(Blow.Power, SoakCount.Or(1));

    [Fact(Explicit = true)]
    public Task Power_cutAtRandomFiveHundredTimes_losesNothingThatWasReported() => StrikeAsync(Blow.Power, SoakCount.Or(500));

    [Fact(Explicit = true)]
    public Task Supervisor_killedAtRandomAtWork_losesNothingThatWasReported() => StrikeAsync(Blow.Daemon, SoakCount.Or(200));

    /// <summary>The kernel takes its time with the memory of a process that was killed, which has closed its sockets by then.</summary>
    [Fact]
    public async Task Supervisor_startedWhileItsGuestsStillEnd_comesUp()
    {
        await using var house = new DaemonHouse();
        await house.StartAsync();
        GuestMessage guest = await house.AddAsync(SoakGuests.Define(house.Scratch, First, SoakGuests.Sums));
        using var watch = new ConsoleWatch(house.Places.ConsoleSocket(guest.Id));
        await house.StartGuestAsync(First);
        await watch.WaitForLinesAsync("right", 1);
        _ = await house.SaveAsync(First);

        for (int i = 0; i < SoakCount.Or(2); i++)
        {
            house.KillTree(new Random(i), waits: false);
            await house.StartAsync();
            _ = await house.WaitAsync(First, "running");
        }
    }

    private static async Task StrikeAsync(Blow blow, int times)
    {
        var random = new Random((int)blow);
        await using var house = new DaemonHouse();
        int seconds = blow == Blow.Power ? 0 : 2;
        GuestDefinition first = SoakGuests.DefineDiskLog(house.Scratch, First) with { CheckpointSeconds = seconds };
        GuestDefinition second = SoakGuests.DefineDiskLog(house.Scratch, Second) with { CheckpointSeconds = seconds, Networks = ["user"] };
        await house.StartAsync();
        using var firstGuest = await SoakedGuest.StartAsync(house, first);
        using var secondGuest = await SoakedGuest.StartAsync(house, second);
        SoakedGuest[] guests = [firstGuest, secondGuest];
        var register = new RegisterDriver(house, first, random);
        var cut = new PowerCut(house.Home, random);
        var layers = new LayerCheck();
        var refusals = new List<string>();
        var up = new Times();
        int answers = 0;

        for (int i = 0; i < times; i++)
        {
            GuestDriver[] drivers = [.. guests.Select(guest => new GuestDriver(house, guest.Name, guest.Ledger, new Random(random.Next()), blow != Blow.Tree, cut.Reported))];
            cut.Reported();
            Task[] driving = [.. drivers.Select(driver => driver.RunAsync()), register.RunAsync()];
            await Task.Delay(random.Next(500, 4000), Cancellation);
            Action kill = blow == Blow.Daemon ? house.KillDaemon : () => house.KillTree(random);
            kill();
            await Task.WhenAll(driving);
            answers += drivers.Sum(driver => driver.Answers);
            refusals.AddRange(drivers.SelectMany(driver => driver.Refusals));
            After(blow, house, layers, () => cut.Strike(state => guests.Any(guest => guest.Ledger.States.Contains(state))));

            long start = System.Diagnostics.Stopwatch.GetTimestamp();
            await house.StartAsync();
            up.Add(System.Diagnostics.Stopwatch.GetElapsedTime(start));
            Assert.Empty(register.Compare((await house.AllAsync()).Select(guest => guest.Name)));
            foreach (SoakedGuest guest in guests)
                Assert.Empty(await guest.CompareAsync(house));
            await layers.LookAtKeptAsync(house.Home, house.Scratch.Path);
            await guests[i % guests.Length].RestoreAnyAsync(house, random);
            string[] faults = [.. guests.SelectMany(guest => guest.Faults())];
            Assert.True(faults.Length == 0, $"strike {i}: {string.Join('\n', faults)}\n{await house.TellAsync()}");
        }

        TestContext.Current.SendDiagnosticMessage(
            $"{times} kills, {answers} things done, refused: {string.Join("; ", refusals.CountBy(each => each).Select(each => $"{each.Value} x {each.Key}"))}; up again: {up}; {layers}");
        Assert.Empty(layers.Broken);
    }

    private static void After(Blow blow, DaemonHouse house, LayerCheck layers, Action cut)
    {
        if (blow != Blow.Daemon)
            layers.Look(house.Home, house.Scratch.Path);
        if (blow == Blow.Power)
            cut();
    }

    /// <summary>A guest that is driven, with what is known of it.</summary>
    private sealed class SoakedGuest(GuestMessage guest, ConsoleWatch watch) : IDisposable
    {
        public string Name => guest.Name;

        public ConsoleWatch Watch => watch;

        public Ledger Ledger { get; } = new();

        /// <summary>With one state that nobody deletes by himself, so that it never has to boot again.</summary>
        public static async Task<SoakedGuest> StartAsync(DaemonHouse house, GuestDefinition definition)
        {
            GuestMessage added = await house.AddAsync(definition);
            var soaked = new SoakedGuest(added, new ConsoleWatch(house.Places.ConsoleSocket(added.Id)));
            await house.StartGuestAsync(added.Name);
            await soaked.Watch.WaitForLinesAsync("n=", 2);
            _ = await house.SaveAsync(added.Name, new SaveOrder("first", Pinned: true));
            return soaked;
        }

        /// <returns>What is not as it was reported.</returns>
        public async Task<IReadOnlyList<string>> CompareAsync(DaemonHouse house) => Ledger.Compare(await house.WaitAsync(Name, "running"), await house.StatesAsync(Name));

        /// <summary>Goes back to a state that was reported, and looks whether memory and disk are of the same instant.</summary>
        public async Task RestoreAnyAsync(DaemonHouse house, Random random)
        {
            StateMessage[] states = [.. (await house.StatesAsync(Name)).Where(state => !state.Checkpoint)];
            await house.RestoreAsync(Name, states[random.Next(states.Length)].Id, keepsPresent: false);
            await Watch.WaitForLinesAsync("n=", 6);
        }

        /// <returns>What the guest has found wrong with itself, and boots after its first.</returns>
        public IEnumerable<string> Faults() => Watch.Lines
            .Where(line => line.Text.Contains("wrong", StringComparison.Ordinal) || (line.Connection > 1 && line.Text.Contains("Linux version", StringComparison.Ordinal)))
            .Select(line => $"{Name}, process {line.Connection}: {line.Text}");

        public void Dispose() => watch.Dispose();
    }
}
