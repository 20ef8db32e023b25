using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Hearth.Linux.Jail;

namespace Hearth.Linux.Tests.Jail;

/// <summary>A guest's process that does its worst (tests/Hearth.Hostile), and what it can still do of what it must.</summary>
public sealed class HostileTests(JailHost host, ITestOutputHelper output) : IClassFixture<JailHost>
{
    private const string AbstractName = "hearth-hostile-test";

    /// <summary>What no part of the jail but the filter is needed to deny: words in the names of attempts.</summary>
    private static readonly string[] s_outside =
    [
        "supervisor", "neighbour", "/etc", "/proc", "/dev", "connect", "become root", "mount", "set the clock", "take a capability", "ports", "load a", "namespace",
    ];

    /// <summary>What the rules deny, whatever else holds.</summary>
    private static readonly string[] s_ruled =
    [
        "write to everybody's file", "make a file", "connect to the host's port", "connect to an abstract socket", "signal", "attach", "seize", "write memory",
    ];

    [Fact]
    public void Attack_fromASealedProcess_isDeniedThroughout()
    {
        Dictionary<string, long> results = AttackBeside("sealed");

        Assert.True(results.Count > 150);
        Assert.Equal([], Succeeded(results));
        Assert.Equal(new string('x', 8192), File.ReadAllText(host.DataFile));
    }

    [Fact]
    public void Attack_whereThereAreNoNamespaces_isDeniedThroughout()
    {
        Dictionary<string, long> results = AttackBeside("sealed", WithoutNamespaces);

        // Where all programs have one user, nothing but a cgroup bounds their threads.
        string[] unbounded = Environment.IsPrivilegedProcess ? [] : ["start more threads than the limit"];
        Assert.Equal(unbounded, Succeeded(results));
    }

    [Fact]
    public void Attack_whileTheGuestMayHaveUserProcesses_reachesNobodyElse()
    {
        Dictionary<string, long> results = AttackBeside("traced");

        // To be traced by its own parent, which is outside and no tracer, is allowed for the sake of its children.
        Assert.Equal(["be traced"], Succeeded(results));
    }

    [Fact]
    public void Attack_withoutAFilter_isStoppedByTheOtherLayers()
    {
        Dictionary<string, long> results = AttackBeside("root");

        Assert.DoesNotContain(Succeeded(results), name => Array.Exists(s_outside, name.Contains));
    }

    [Fact]
    public void Attack_behindTheRulesOfLandlockAlone_doesNotWriteConnectOrSignal()
    {
        const JailLayers Rules = JailLayers.FileRules | JailLayers.NetworkRules | JailLayers.ScopeRules;
        using HostileProgram neighbour = HostileProgram.StartWith(host, WithoutNamespaces, "open", "count");
        _ = neighbour.ReadSealed();
        Assert.SkipUnless(neighbour.Jailed.Layers.HasFlag(Rules), $"this host's Landlock is too old: {neighbour.Jailed.Layers}");

        Dictionary<string, long> results = Attack("open", neighbour.Jailed.Id, WithoutNamespaces);

        Tell(results);
        Assert.DoesNotContain(Succeeded(results), name => Array.Exists(s_ruled, name.StartsWith));
    }

    [Fact]
    public void Attack_beforeTheSeal_showsThatTheAttemptsAreReal()
    {
        using HostileProgram neighbour = HostileProgram.Start(host, "open", "count");
        _ = neighbour.ReadSealed();
        GuestJailTests.SkipWithoutNamespaces(neighbour);

        Dictionary<string, long> results = Attack("open", neighbour.Jailed.Id);

        Tell(results);
        string[] possible =
        [
            "open /etc/passwd", "openat /proc/self/mem", "openat2 /etc/passwd", "open /dev/null", "stat /etc/passwd", "change to /proc", "make an internet socket",
            "make a Unix socket", "make a netlink socket", "fork", "clone a process", "vfork", "clone3 a process", "make a pair of sockets", "make a timer", "have signals sent",
            "be traced",
        ];
        Assert.Equal([], possible.Except(Succeeded(results)));
    }

    [Fact]
    public void Work_ofAnHonestProcess_goesOnAfterTheSeal()
    {
        using HostileProgram program = HostileProgram.Start(host, "sealed", "work");
        Task echo = Task.Run(program.Echo, TestContext.Current.CancellationToken);

        Dictionary<string, string> results = program.ReadReport<Dictionary<string, string>>();

        foreach ((string name, string result) in results)
            output.WriteLine($"{name}: {result}");
        Assert.Equal(["ok"], results.Values.Distinct());
    }

    /// <summary>Has a program attack everything, beside a neighbour that must not notice.</summary>
    private Dictionary<string, long> AttackBeside(string extent, Func<JailRequest, JailRequest>? change = null)
    {
        using HostileProgram neighbour = HostileProgram.StartWith(host, change ?? (request => request), "sealed", "count");
        _ = neighbour.ReadSealed();
        if (change is null)
            GuestJailTests.SkipWithoutNamespaces(neighbour);

        Dictionary<string, long> results = Attack(extent, neighbour.Jailed.Id, change);
        long before = neighbour.Count;
        Thread.Sleep(50);

        Tell(results);
        Assert.True(neighbour.Count > before);
        return results;
    }

    private Dictionary<string, long> Attack(string extent, int neighbour, Func<JailRequest, JailRequest>? change = null)
    {
        using var port = new TcpListener(IPAddress.Loopback, 0);
        port.Start();
        using var named = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        using var pathless = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        File.Delete(host.SocketPath);
        named.Bind(new UnixDomainSocketEndPoint(host.SocketPath));
        named.Listen();
        File.SetUnixFileMode(host.SocketPath, File.GetUnixFileMode(host.DataFile));
        pathless.Bind(new UnixDomainSocketEndPoint($"\0{AbstractName}-{extent}"));
        pathless.Listen();
        string[] victims = [Text(Environment.ProcessId), Text(neighbour), Text(((IPEndPoint)port.LocalEndpoint).Port), $"{AbstractName}-{extent}", host.SocketPath];
        using HostileProgram program = HostileProgram.StartWith(host, change ?? (request => request), [extent, "attack", .. victims]);
        return program.ReadReport<Dictionary<string, long>>();
    }

    /// <summary>As on a host that has none.</summary>
    private static JailRequest WithoutNamespaces(JailRequest request) => request with { RootFolder = "/nonexistent" };

    private static string[] Succeeded(Dictionary<string, long> results) => [.. results.Where(attempt => attempt.Value >= 0).Select(attempt => attempt.Key)];

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private void Tell(Dictionary<string, long> results)
    {
        foreach ((string name, long result) in results)
            output.WriteLine($"{result,6} {name}");
    }
}
