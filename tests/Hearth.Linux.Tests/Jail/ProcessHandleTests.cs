using Hearth.Linux.Jail;

namespace Hearth.Linux.Tests.Jail;

public sealed class ProcessHandleTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(10);

    [Fact]
    public void WaitEnded_processThatRuns_isFalseAfterTheTime()
    {
        using ProcessHandle process = Start("exec sleep 60");

        bool hasEnded = process.WaitEnded(TimeSpan.FromMilliseconds(5));
        ProcessEnding? early = process.TryReap();
        _ = process.TrySignal(Signal.Kill);

        Assert.False(hasEnded);
        Assert.Null(early);
        Assert.True(process.WaitEnded(Timeout.InfiniteTimeSpan));
        Assert.Equal(new ProcessEnding(0, Signal.Kill), process.TryReap());
    }

    [Fact]
    public void TryReap_processThatEnded_tellsItsCodeOnce()
    {
        using ProcessHandle process = Start("exit 42");

        bool hasEnded = process.WaitEnded(s_limit);

        Assert.True(hasEnded);
        Assert.Equal(new ProcessEnding(42, 0), process.TryReap());
        Assert.Null(process.TryReap());
        Assert.False(process.TrySignal(0));
    }

    [Fact]
    public void TryOpen_ofAGrandchild_findsItAgainAndItsEnd()
    {
        // What is started in the background is nobody's child any more when the shell is gone.
        string file = Path.GetTempFileName();
        using ProcessHandle shell = Start($"sleep 60 & echo $! > {file}");
        Assert.True(shell.WaitEnded(s_limit));
        _ = shell.TryReap();
        int id = int.Parse(File.ReadAllText(file), System.Globalization.CultureInfo.InvariantCulture);
        Assert.True(ProcessIdentity.TryFind(id, out ProcessIdentity identity));

        using ProcessHandle? process = ProcessHandle.TryOpen(identity);
        bool wasSent = process!.TrySignal(Signal.Kill);

        Assert.True(wasSent);
        Assert.True(process.WaitEnded(s_limit));
        Assert.Null(process.TryReap());
        File.Delete(file);
    }

    [Fact]
    public void TryOpen_numberOfAnother_givesNothing()
    {
        Assert.True(ProcessIdentity.TryFind(Environment.ProcessId, out ProcessIdentity mine));

        Assert.Null(ProcessHandle.TryOpen(mine with { StartTime = mine.StartTime - 1 }));
        using ProcessHandle? self = ProcessHandle.TryOpen(mine);
        Assert.NotNull(self);
    }

    [Fact]
    public void TryOpen_processThatIsGone_givesNothing()
    {
        ProcessIdentity identity;
        using (ProcessHandle process = Start("exit 0"))
        {
            identity = process.Identity;
            Assert.True(process.WaitEnded(s_limit));
            _ = process.TryReap();
        }

        Assert.Null(ProcessHandle.TryOpen(identity));
        Assert.Throws<LinuxException>(() => ProcessHandle.Open(identity.Id));
    }

    [Fact]
    public void Descriptor_isReadableFromTheEndOn()
    {
        using ProcessHandle process = Start("exit 0");
        using var poller = new Poller();
        var results = new PollResult[1];
        poller.Add(process.Descriptor.Number, PollEvents.Readable, 7);

        Assert.Equal(1, poller.Wait(results, (int)s_limit.TotalMilliseconds));
        Assert.Equal(7UL, results[0].Tag);
        Assert.NotNull(process.TryReap());
    }

    [Theory]
    [InlineData("1 (sh) S 0 1 1 0 -1 4 5 6 7 8 9 10 11 12 20 0 1 0 4711 99", true)]
    [InlineData("1 (a) b) (c) S 0 1 1 0 -1 4 5 6 7 8 9 10 11 12 20 0 1 0 4711 99", true)]
    [InlineData("1 (sh) S 0 1", false)]
    [InlineData("", false)]
    public void StartTime_whateverTheProgramIsCalled_isField22(string stat, bool expected)
    {
        bool isRead = ProcessIdentity.TryReadStartTime(stat, out ulong startTime);

        Assert.Equal((expected, expected ? 4711UL : 0UL), (isRead, startTime));
    }

    [Theory]
    [InlineData("1234@56789", true)]
    [InlineData("1234", false)]
    [InlineData("-1@2", false)]
    [InlineData("1@2@3", false)]
    [InlineData(null, false)]
    public void TryParse_whatWasWritten_isTheSame(string? text, bool expected)
    {
        bool isRead = ProcessIdentity.TryParse(text, out ProcessIdentity identity);

        Assert.Equal(expected, isRead);
        Assert.Equal(expected ? text : "0@0", identity.ToString());
    }

    private static ProcessHandle Start(string command)
    {
        using FileDescriptor file = FileDescriptor.CreateMemory("nothing", 1);
        return ProcessHandle.Open(ProcessImage.Spawn("/bin/sh", ["sh", "-c", command], file));
    }
}
