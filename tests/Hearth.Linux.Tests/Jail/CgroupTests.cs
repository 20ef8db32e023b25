using System.Diagnostics;
using System.Globalization;
using Hearth.Linux.Jail;

namespace Hearth.Linux.Tests.Jail;

/// <summary>The format of the files on plain folders, and groups on the host's mount of version 2, where this user may make one.</summary>
public sealed class CgroupTests : IDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("hearth-cgroup-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Obstacle_saysWhatIsMissing()
    {
        Assert.Equal("/nonexistent is not there", Cgroup.Obstacle("/nonexistent"));
        Assert.Equal($"{_folder} is no folder of cgroups of version 2", Cgroup.Obstacle(_folder.FullName));
        Write("cgroup.controllers", "cpu io\n");
        Assert.Equal($"{_folder} has no controller for memory, pids", Cgroup.Obstacle(_folder.FullName));
        Write("cgroup.controllers", "cpuset cpu io memory pids\n");
        Assert.Null(Cgroup.Obstacle(_folder.FullName));
    }

    [Fact]
    public void Apply_writesWhatTheKernelReads()
    {
        Cgroup group = Cgroup.Create(_folder.FullName, "guest");
        Write("cgroup.controllers", "memory");
        foreach (string file in (string[])["cgroup.subtree_control", "guest/memory.max", "guest/memory.swap.max", "guest/cpu.weight", "guest/cpu.max", "guest/pids.max"])
            Write(file, "");

        IReadOnlyList<string> lacking = group.Apply(new CgroupLimits { Memory = 512 << 20, Swap = 0, ProcessorWeight = 50, Processors = 1.5, Threads = 64 });

        Assert.Empty(lacking);
        Assert.Equal("536870912", Read("memory.max"));
        Assert.Equal("0", Read("memory.swap.max"));
        Assert.Equal("50", Read("cpu.weight"));
        Assert.Equal("150000 100000", Read("cpu.max"));
        Assert.Equal("64", Read("pids.max"));
        Assert.Equal("+memory", File.ReadAllText(Path.Combine(_folder.FullName, "cgroup.subtree_control")));
    }

    [Fact]
    public void Apply_withoutAController_saysWhichBoundIsNotInForce()
    {
        Cgroup group = Cgroup.Create(_folder.FullName, "guest");

        string sentence = Assert.Single(group.Apply(new CgroupLimits { Memory = 1 << 20 }));

        Assert.Equal($"{_folder}/guest/memory.max: No such file or directory", sentence);
    }

    [Fact]
    public void Read_givesWhatIsThere()
    {
        Cgroup group = Cgroup.Create(_folder.FullName, "guest");
        Assert.Equal(default, group.Read());
        Write("guest/memory.current", "4096\n");
        Write("guest/memory.events", "low 0\nhigh 0\nmax 3\noom 1\noom_kill 2\n");
        Write("guest/cpu.stat", "usage_usec 1500\nuser_usec 1000\nsystem_usec 500\n");

        Assert.Equal(new CgroupUsage(4096, 2, TimeSpan.FromMilliseconds(1.5)), group.Read());
    }

    [Fact]
    public void Kill_onTheHost_endsEveryProcessOfTheGroup()
    {
        Cgroup group = CreateOnHost();
        using ProcessHandle process = StartSleep();

        group.Add(process.Id);
        IReadOnlyList<int> inside = group.Processes();
        bool removedEarly = group.TryRemove();
        group.Kill();
        bool hasEnded = process.WaitEnded(TimeSpan.FromSeconds(10));

        Assert.Equal([process.Id], inside);
        Assert.False(removedEarly);
        Assert.True(hasEnded);
        Assert.Equal(new ProcessEnding(0, Signal.Kill), process.TryReap());
        Assert.True(group.Read().ProcessorTime >= TimeSpan.Zero);
        Assert.True(group.TryRemove());
        Assert.True(group.TryRemove());
    }

    [Fact]
    public void Jail_startedInAGroup_isInItBeforeItsFirstInstruction()
    {
        Cgroup group = CreateOnHost();
        using var host = new JailHost();
        using (HostileProgram program = HostileProgram.StartWith(host, request => request with { Cgroup = group }, "sealed", "count"))
        {
            Assert.Contains(program.Jailed.Id, group.Processes());
            Assert.True(program.Jailed.Layers.HasFlag(JailLayers.Cgroup));
            _ = program.ReadSealed();
        }

        Assert.True(group.TryRemove());
    }

    [Fact]
    public void Memory_beyondTheBound_endsTheProcess_andNoOther()
    {
        Cgroup group = CreateOnHost(new CgroupLimits { Memory = 128 << 20, Swap = 0 });
        using var host = new JailHost();
        using HostileProgram bystander = HostileProgram.Start(host, "sealed", "count");
        _ = bystander.ReadSealed();
        using (HostileProgram program = HostileProgram.StartWith(host, request => request with { Cgroup = group }, "sealed", "fill"))
        {
            Assert.True(program.Jailed.Process.WaitEnded(s_limit));
            Assert.Equal(new ProcessEnding(0, Signal.Kill), program.Jailed.Process.TryReap());
        }

        long count = bystander.Count;
        Assert.True(SpinWait.SpinUntil(() => bystander.Count > count, s_limit));
        Assert.True(group.Read().OutOfMemoryKills >= 1);
        Assert.True(group.TryRemove());
    }

    [Fact]
    public void Processors_beyondTheBound_areNotGiven()
    {
        const double Bound = 0.2;
        Cgroup group = CreateOnHost(new CgroupLimits());
        using var host = new JailHost();
        using (HostileProgram program = HostileProgram.StartWith(host, request => request with { Cgroup = group }, "sealed", "spin"))
        {
            _ = program.ReadSealed();
            Assert.Empty(group.Apply(new CgroupLimits { Processors = Bound }));
            TimeSpan before = group.Read().ProcessorTime!.Value;
            long begun = Stopwatch.GetTimestamp();
            Thread.Sleep(TimeSpan.FromSeconds(2));
            double share = (group.Read().ProcessorTime!.Value - before) / Stopwatch.GetElapsedTime(begun);

            // Without a bound it would have a processor.
            Assert.True(share < Bound * 2, $"it had {share:P0} of a processor");
        }

        Assert.True(group.TryRemove());
    }

    /// <summary>A group of the host with bounds that are in force.</summary>
    private static Cgroup CreateOnHost(CgroupLimits limits)
    {
        Cgroup group = CreateOnHost();
        string? obstacle = Cgroup.Obstacle(Path.GetDirectoryName(group.Path)!);
        IReadOnlyList<string> lacking = obstacle is null ? group.Apply(limits) : [obstacle];
        if (lacking.Count != 0)
        {
            Assert.True(group.TryRemove());
            Assert.Skip(string.Join("; ", lacking));
        }

        return group;
    }

    private static Cgroup CreateOnHost()
    {
        string? mount = File.ReadLines("/proc/self/mountinfo").FirstOrDefault(line => line.Contains(" - cgroup2 ", StringComparison.Ordinal))?.Split(' ')[4];
        Assert.SkipWhen(mount is null, "this host has no mount of version 2");
        try
        {
            return Cgroup.Create(mount, string.Create(CultureInfo.InvariantCulture, $"hearth-test-{Guid.NewGuid()}"));
        }
        catch (LinuxException error)
        {
            Assert.Skip($"this user can make no group: {error.Message}");
            throw;
        }
    }

    private static ProcessHandle StartSleep()
    {
        using FileDescriptor file = FileDescriptor.CreateMemory("nothing", 1);
        return ProcessHandle.Open(ProcessImage.Spawn("/bin/sleep", ["sleep", "60"], file));
    }

    private void Write(string file, string text) => File.WriteAllText(Path.Combine(_folder.FullName, file), text);

    private string Read(string file) => File.ReadAllText(Path.Combine(_folder.FullName, "guest", file));
}
