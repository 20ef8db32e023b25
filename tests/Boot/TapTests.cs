using Hearth.Guests;

namespace Hearth.Boot.Tests;

/// <summary>A guest on a tap interface, in a network namespace of its own so that the host's network stays as it is.</summary>
public sealed class TapTests
{
    private const string Ping = """
        ip link set eth0 up
        ip addr add 10.8.8.2/24 dev eth0
        ping -c 3 -W 5 -s 1400 10.8.8.1 > /dev/null && echo "host=reached" || echo "host=silent"
        echo "address=$(cat /sys/class/net/eth0/address)"
        """;

    [Fact]
    public void Guest_onAnInterfaceThatWasMadeBefore_reachesTheHost()
    {
        HearthOutcome outcome = Run("ip tuntap add hearth0 mode tap && ip addr add 10.8.8.1/24 dev hearth0 && ip link set hearth0 up", "tap:hearth0,mac=02:00:00:00:00:77");

        Assert.Equal(("reached", "02:00:00:00:00:77"), (outcome.Value("host"), outcome.Value("address")));
        Assert.Empty(BrokenHardware.FindIn(outcome));
    }

    [Fact]
    public void Guest_onANewInterfaceOfABridge_reachesTheHost()
    {
        HearthOutcome outcome = Run("ip link add br0 type bridge && ip addr add 10.8.8.1/24 dev br0 && ip link set br0 up", "tap:hearth0,bridge=br0");

        Assert.Equal("reached", outcome.Value("host"));
        Assert.StartsWith("02:48:54:", outcome.Value("address"), StringComparison.Ordinal);
    }

    [Fact]
    public void Interface_thatThisUserMayNotMake_givesOneSentence()
    {
        RequireNamespaces();

        // Without any capability root is a user like all others.
        using HearthProcess process = HearthProcess.StartThrough(
            ["unshare", "-n", "setpriv", "--bounding-set", "-all", "--inh-caps", "-all"], ["vm", "run", "--kernel", "/dev/null", "--net", "tap:hearth0"]);
        HearthOutcome outcome = process.WaitForExit();

        Assert.Equal(2, outcome.ExitCode);
        Assert.Equal(
            "hearth: --net tap:hearth0: the interface hearth0: Operation not permitted; it takes root, CAP_NET_ADMIN, or an interface made for this user with `ip tuntap add hearth0 mode tap user USER`.",
            outcome.Error.Trim());
    }

    [Fact]
    public void Bridge_thatIsNotThere_isNamed()
    {
        RequireNamespaces();

        using HearthProcess process = HearthProcess.StartThrough(["unshare", "-n"], ["vm", "run", "--kernel", "/dev/null", "--net", "tap:hearth0,bridge=nosuch"]);
        HearthOutcome outcome = process.WaitForExit();

        Assert.Equal((2, "hearth: --net tap:hearth0: the interface hearth0 cannot join the bridge nosuch: No such device."), (outcome.ExitCode, outcome.Error.Trim()));
    }

    private static HearthOutcome Run(string setup, string network)
    {
        RequireNamespaces();
        using TestGuest guest = new TestGuest(GuestAssets.CloudKernel, Ping, "virtio_pci", "virtio_net").With("--net", network);
        using HearthProcess process = HearthProcess.StartThrough(["unshare", "-n", "sh", "-c", $"{setup} && exec \"$@\"", "sh"], guest.Arguments);
        return process.WaitForExit().AssertPoweredOff();
    }

    private static void RequireNamespaces() =>
        Assert.SkipUnless(
            HostCommand.Find("ip") is not null && HostCommand.Find("unshare") is { } unshare && HostCommand.Run(unshare, ["-n", "test", "-w", "/dev/net/tun"]).ExitCode == 0,
            "network namespaces and /dev/net/tun need root, and the programs ip and unshare");
}
