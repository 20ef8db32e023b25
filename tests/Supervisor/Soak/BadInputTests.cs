using System.Diagnostics;
using Hearth.Api.Messages;

namespace Hearth.Supervisor.Tests.Soak;

public sealed class BadInputTests
{
    private const int Length = 320 << 20;

    /// <summary>Enough to begin, and not for what the guest has changed; and nothing at all.</summary>
    private static readonly int[] s_leftOver = [6 << 20, 0];

    /// <summary>A disk that becomes full in mid-save, as the one does who types the commands.</summary>
    [Fact]
    public async Task Save_withoutRoom_saysSo_andTheGuestGoesOn()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "a file system of its own can only be mounted by root");
        await using var house = new DaemonHouse();
        using var full = new SmallFileSystem(house.Home, Length);
        await house.StartAsync();
        GuestMessage guest = await house.AddAsync(SoakGuests.Define(house.Scratch, "data", SoakGuests.Data));
        using var watch = new ConsoleWatch(house.Places.ConsoleSocket(guest.Id));
        int? process = (await house.StartGuestAsync("data")).ProcessId;
        await watch.WaitForLinesAsync("ready", 1);
        StateMessage early = await house.SaveAsync("data");
        await watch.WaitForLinesAsync("written", 1);

        var failures = new List<(int Code, string Output, string Error)>();
        foreach (int leftOver in s_leftOver)
        {
            full.Fill(leftOver);
            failures.Add(await house.RunAsync("guest", "save", "data"));
        }

        await watch.WaitForLinesAsync("right", 2);
        GuestMessage during = await house.FindAsync("data");
        StateMessage[] listed = await house.StatesAsync("data");
        full.Empty();
        (int Code, string Output, string Error) late = await house.RunAsync("guest", "save", "data");
        StateMessage lateState = (await house.StatesAsync("data"))[0];
        await house.RestoreAsync("data", early.Id, keepsPresent: false);
        await watch.WaitForLinesAsync("right", 1);
        await house.RestoreAsync("data", lateState.Id, keepsPresent: false);
        await watch.WaitForLinesAsync("right", 2);

        TestContext.Current.SendDiagnosticMessage(string.Join('\n', failures));
        Assert.All(failures, failure => Assert.Equal(8, failure.Code));
        Assert.All(failures, failure => Assert.Matches("(?i)no space", failure.Error));
        Assert.All(failures, failure => Assert.Single(failure.Error.Trim().Split('\n')));
        Assert.Equal((process, "running"), (during.ProcessId, during.Phase));
        Assert.Equal(early.Id, Assert.Single(listed).Id);
        Assert.Equal((0, ""), (late.Code, late.Error));
        Assert.Empty(watch.LinesWith("wrong"));
    }

    [Theory]
    [InlineData(StateDamage.Machine, "damaged")]
    [InlineData(StateDamage.Pages, "damaged")]
    [InlineData(StateDamage.Manifest, "damaged")]
    [InlineData(StateDamage.Version, "version")]
    [InlineData(StateDamage.Layer, "disk")]
    public async Task Restore_ofADamagedState_isRefused_andTheGuestGoesOn(StateDamage damage, string word)
    {
        await using var house = new DaemonHouse();
        await house.StartAsync();
        GuestMessage disk = await house.AddAsync(SoakGuests.DefineDiskLog(house.Scratch, "disk"));
        using var watch = new ConsoleWatch(house.Places.ConsoleSocket(disk.Id));
        int? process = (await house.StartGuestAsync("disk")).ProcessId;
        await watch.WaitForLinesAsync("n=", 2);
        StateMessage sound = await house.SaveAsync("disk");
        var files = new StateFiles(house.Home);
        await watch.WaitForLinesAsync("n=", 10);
        StateMessage damaged = await house.SaveAsync("disk");
        files.Damage(damaged.Id, damage);

        // What the daemon knows already it does not read again.
        house.KillDaemon();
        await house.StartAsync();
        string number = FormattableString.Invariant($"{damaged.Id}");
        (int Code, string Output, string Error)[] restores = [await house.RunAsync("guest", "restore", "disk", number, "--drop-present"), await house.RunAsync("guest", "restore", "disk", number)];
        await watch.WaitForLinesAsync("n=", 3, 20);
        GuestMessage after = await house.FindAsync("disk");
        await house.RestoreAsync("disk", sound.Id, keepsPresent: false);
        await watch.WaitForLinesAsync("n=", DiskLog.Blocks + 6);

        TestContext.Current.SendDiagnosticMessage($"{damage}: {restores[0]}");
        Assert.All(restores, restore => Assert.NotEqual(0, restore.Code));
        Assert.All(restores, restore => Assert.Single(restore.Error.Trim().Split('\n')));
        Assert.All(restores, restore => Assert.Contains("cannot be used", restore.Error, StringComparison.Ordinal));
        Assert.All(restores, restore => Assert.Contains(word, restore.Error, StringComparison.Ordinal));
        Assert.Equal((process, "running"), (after.ProcessId, after.Phase));
        Assert.Empty(watch.LinesWith("wrong"));
    }

    [Fact]
    public async Task Restore_besideAStateWhoseDiskIsDamaged_works()
    {
        await using var house = new DaemonHouse();
        await house.StartAsync();
        GuestMessage disk = await house.AddAsync(SoakGuests.DefineDiskLog(house.Scratch, "disk"));
        using var watch = new ConsoleWatch(house.Places.ConsoleSocket(disk.Id));
        await house.StartGuestAsync("disk");
        await watch.WaitForLinesAsync("n=", 2);
        StateMessage sound = await house.SaveAsync("disk");
        var files = new StateFiles(house.Home);
        await watch.WaitForLinesAsync("n=", 5);
        StateMessage damaged = await house.SaveAsync("disk");
        files.Damage(damaged.Id, StateDamage.Layer);

        (int Code, string Output, string Error) restore = await house.RunAsync("guest", "restore", "disk", FormattableString.Invariant($"{sound.Id}"), "--drop-present");

        Assert.Equal((0, ""), (restore.Code, restore.Error));
        await watch.WaitForLinesAsync("n=", 5);
    }

    /// <summary>A file system of so many bytes at a folder, gone with this.</summary>
    private sealed class SmallFileSystem : IDisposable
    {
        private readonly string _folder;

        public SmallFileSystem(string folder, int length)
        {
            _folder = folder;
            Directory.CreateDirectory(folder);
            Run("mount", "-t", "tmpfs", "-o", FormattableString.Invariant($"size={length},mode=711"), "hearth-soak", folder);
        }

        private string Ballast => Path.Combine(_folder, "ballast");

        /// <summary>Takes all room but so many bytes.</summary>
        public void Fill(long leftOver)
        {
            long free = new DriveInfo(_folder).AvailableFreeSpace - leftOver;
            using FileStream file = new(Ballast, FileMode.Append);
            var zeros = new byte[4096];
            for (; free >= zeros.Length; free -= zeros.Length)
                file.Write(zeros);
        }

        public void Empty() => File.Delete(Ballast);

        // At the end others may still look at files in it.
        public void Dispose() => Run("umount", "-l", _folder);

        private static void Run(string program, params string[] arguments)
        {
            using Process process = Process.Start(program, arguments);
            process.WaitForExit();
            Assert.Equal(0, process.ExitCode);
        }
    }
}
