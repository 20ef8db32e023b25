using System.Globalization;
using Hearth.Linux.Jail;

namespace Hearth.Linux.Tests.Jail;

/// <summary>What the kernel says of a jailed process, seen from outside.</summary>
public sealed class GuestJailTests(JailHost host, ITestOutputHelper output) : IClassFixture<JailHost>
{
    private const JailLayers Everywhere = JailLayers.NoNewPrivileges | JailLayers.ResourceLimits;
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(10);

    [Fact]
    public void Start_onThisHost_hasEveryLayer()
    {
        using HostileProgram program = HostileProgram.Start(host, "sealed", "count");

        JailLayers told = program.ReadSealed();
        bool isSealed = program.Jailed.WaitSealed(s_limit);

        output.WriteLine($"{program.Jailed.Layers}; lacking: {string.Join("; ", program.Jailed.Lacking)}");
        JailLayers rules = LandlockRules.Probe()?.Layers ?? JailLayers.None;
        Assert.Equal(Everywhere | rules, program.Jailed.Layers & (Everywhere | rules));
        SkipWithoutNamespaces(program);
        Assert.True(isSealed);
        Assert.Equal(JailLayers.EmptyRoot | JailLayers.SystemCalls, told);
        Assert.Equal(Environment.IsPrivilegedProcess, program.Jailed.Layers.HasFlag(JailLayers.OwnUser));
        Assert.True(program.Jailed.Layers.HasFlag(JailLayers.NoCapabilities | JailLayers.Namespaces | JailLayers.EmptyRoot));
    }

    [Fact]
    public void Threads_ofASealedProgram_haveNoCapabilityAndAFilter()
    {
        using HostileProgram program = HostileProgram.Start(host, "sealed", "count");
        _ = program.ReadSealed();
        SkipWithoutNamespaces(program);

        IReadOnlyList<Dictionary<string, string>> threads = ProcessFiles.ThreadStatus(program.Jailed.Id);

        Assert.True(threads.Count > 1);
        foreach (Dictionary<string, string> thread in threads)
        {
            foreach (string set in (string[])["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"])
                Assert.Equal("0000000000000000", thread[set]);
            Assert.Equal("1", thread["NoNewPrivs"]);
            Assert.Equal("2", thread["Seccomp"]);
            Assert.Equal("1", thread["NStgid"].Split('\t')[^1]);
        }
    }

    [Fact]
    public void Threads_beforeTheSeal_haveNoCapabilityEither()
    {
        using HostileProgram program = HostileProgram.Start(host, "open", "count");
        _ = program.ReadSealed();
        SkipWithoutNamespaces(program);

        Assert.All(
            ProcessFiles.ThreadStatus(program.Jailed.Id),
            thread => Assert.Equal(("0000000000000000", "0000000000000000", "1", "0"), (thread["CapEff"], thread["CapBnd"], thread["NoNewPrivs"], thread["Seccomp"])));
    }

    [Fact]
    public void Users_areItsOwnAndNotRoot()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "who is not root can give nobody another user");
        var user = new JailUser(71_001, 71_002);
        using HostileProgram program = HostileProgram.StartWith(host, request => request with { User = user }, "sealed", "count");
        _ = program.ReadSealed();

        Dictionary<string, string> status = ProcessFiles.ThreadStatus(program.Jailed.Id)[0];

        Assert.Equal(Enumerable.Repeat("71001", 4), status["Uid"].Split('\t'));
        Assert.Equal(Enumerable.Repeat("71002", 4), status["Gid"].Split('\t'));
        Assert.Equal("", status["Groups"]);
    }

    [Fact]
    public void Namespaces_areAllItsOwn()
    {
        using HostileProgram program = HostileProgram.Start(host, "sealed", "count");
        _ = program.ReadSealed();
        SkipWithoutNamespaces(program);

        Assert.Empty(ProcessFiles.SharedNamespaces(program.Jailed.Id));
    }

    [Fact]
    public void Root_isFullBeforeTheSealAndEmptyAfterwards()
    {
        using HostileProgram before = HostileProgram.Start(host, "open", "count");
        using HostileProgram after = HostileProgram.Start(host, "sealed", "count");
        _ = before.ReadSealed();
        _ = after.ReadSealed();
        SkipWithoutNamespaces(after);

        Assert.NotEmpty(Directory.EnumerateFileSystemEntries(ProcessFiles.PathOf(before.Jailed.Id, "root/")));
        Assert.Empty(Directory.EnumerateFileSystemEntries(ProcessFiles.PathOf(after.Jailed.Id, "root/")));
        Assert.Empty(Directory.EnumerateFileSystemEntries(ProcessFiles.PathOf(after.Jailed.Id, "cwd/")));
        string mount = Assert.Single(File.ReadAllLines(ProcessFiles.PathOf(after.Jailed.Id, "mountinfo")));
        Assert.Contains(" / / ro,nosuid,nodev,noexec", mount, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(host.RootFolder));
    }

    [Fact]
    public void Descriptors_areThoseThatWereGiven()
    {
        using FileDescriptor stray = FileDescriptor.Open("/etc", FileAccessMode.Read);
        stray.KeepOnExecute();
        using HostileProgram program = HostileProgram.Start(host, "sealed", "count");
        _ = program.ReadSealed();

        string[] targets = [.. Directory.EnumerateFileSystemEntries(ProcessFiles.PathOf(program.Jailed.Id, "fd")).Select(link => new FileInfo(link).LinkTarget!)];

        // The runtime has opened some of its own: pipes, events, its library files.
        Assert.DoesNotContain("/etc", targets);
        foreach (string standard in (string[])["fd/0", "fd/1", "fd/2"])
            Assert.Equal("/dev/null", new FileInfo(ProcessFiles.PathOf(program.Jailed.Id, standard)).LinkTarget);
        Assert.Single(targets, target => target.StartsWith("/memfd:counter", StringComparison.Ordinal));
        Assert.DoesNotContain(targets, target => target.StartsWith("/memfd:hearth-jail", StringComparison.Ordinal));
    }

    [Fact]
    public void Limits_areThoseThatWereAskedFor()
    {
        using HostileProgram program = HostileProgram.Start(host, "sealed", "count");
        _ = program.ReadSealed();

        Assert.Equal(("256", "256"), ProcessFiles.Limits(program.Jailed.Id, "Max open files"));
        Assert.Equal(("0", "0"), ProcessFiles.Limits(program.Jailed.Id, "Max core file size"));
    }

    [Fact]
    public void Program_endingByItself_tellsItsCode()
    {
        using HostileProgram program = HostileProgram.Start(host, "open", "end");

        bool hasEnded = program.Jailed.Process.WaitEnded(s_limit);

        Assert.True(hasEnded);
        Assert.Equal(new ProcessEnding(42, 0), program.Jailed.Process.TryReap());
        Assert.False(program.Jailed.WaitSealed(s_limit));
    }

    [Fact]
    public void Interface_of32BitPrograms_endsTheProcess()
    {
        const int BadSystemCall = 31;
        const int SegmentViolation = 11;

        // Where the kernel has no such interface, the processor refuses the interrupt.
        bool exists = EndingOfOldInterface("open").Signal == 0;

        Assert.Equal(new ProcessEnding(0, exists ? BadSystemCall : SegmentViolation), EndingOfOldInterface("sealed"));
    }

    [Fact]
    public void End_leavesNoProcessBehind()
    {
        HostileProgram program = HostileProgram.Start(host, "open", "count");
        _ = program.ReadSealed();
        ProcessIdentity identity = program.Jailed.Process.Identity;

        program.Dispose();

        Assert.Null(ProcessHandle.TryOpen(identity));
        Assert.DoesNotContain(Children(), name => name.Contains("hearth-jail", StringComparison.Ordinal));
    }

    [Fact]
    public void Start_missingProgram_saysWhichStepFailed()
    {
        var error = Assert.Throws<LinuxException>(() => HostileProgram.StartWith(host, request => request with { Program = "/nonexistent/program" }, "open", "end"));

        Assert.Equal("cannot execute /nonexistent/program: No such file or directory", error.Message);
        Assert.DoesNotContain(Children(), name => name.Contains("hearth-jail", StringComparison.Ordinal));
    }

    [Fact]
    public void Start_withoutAFolderForTheRoot_goesWithoutNamespacesAndSaysWhy()
    {
        using HostileProgram program = HostileProgram.StartWith(host, request => request with { RootFolder = "/nonexistent" }, "sealed", "count");

        JailLayers told = program.ReadSealed();

        Assert.SkipWhen(program.Jailed.Lacking[0].StartsWith("cannot make namespaces", StringComparison.Ordinal), $"this host has none: {program.Jailed.Lacking[0]}");
        Assert.Equal("cannot mount an empty root on /nonexistent: No such file or directory", program.Jailed.Lacking[0]);
        Assert.Equal(JailLayers.SystemCalls, told);
        Assert.False(program.Jailed.WaitSealed(s_limit));
        Assert.Equal(Everywhere, program.Jailed.Layers & (Everywhere | JailLayers.Namespaces | JailLayers.EmptyRoot));
        Assert.All(ProcessFiles.ThreadStatus(program.Jailed.Id), thread => Assert.Equal(("0000000000000000", "1", "2"), (thread["CapEff"], thread["NoNewPrivs"], thread["Seccomp"])));
    }

    [Fact]
    public void Start_twoDescriptorsOfOneNumber_isRefused() =>
        Assert.Throws<ArgumentException>(() => HostileProgram.StartWith(host, request => request with { SealNumber = 4 }, "open", "end"));

    [Fact]
    public void Start_asRoot_isRefused()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "this is not root");

        Assert.Throws<ArgumentException>(() => HostileProgram.StartWith(host, request => request with { User = null }, "open", "end"));
        Assert.Throws<ArgumentException>(() => HostileProgram.StartWith(host, request => request with { User = new JailUser(0, 1) }, "open", "end"));
    }

    internal static void SkipWithoutNamespaces(HostileProgram program) =>
        Assert.SkipUnless(program.Jailed.Layers.HasFlag(JailLayers.Namespaces), $"this host gives no namespaces: {string.Join("; ", program.Jailed.Lacking)}");

    private ProcessEnding EndingOfOldInterface(string extent)
    {
        using HostileProgram program = HostileProgram.Start(host, extent, "old-interface");
        _ = program.ReadSealed();
        _ = program.Jailed.Process.WaitEnded(s_limit);
        return program.Jailed.Process.TryReap()!.Value;
    }

    /// <summary>The names of the children of this process.</summary>
    private static IEnumerable<string> Children() => Directory.EnumerateDirectories("/proc/self/task")
        .SelectMany(thread => File.ReadAllText(Path.Combine(thread, "children")).Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .Select(id => File.ReadAllText(ProcessFiles.PathOf(int.Parse(id, CultureInfo.InvariantCulture), "comm")));
}
