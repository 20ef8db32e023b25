using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Hearth.Boot.Tests;
using Hearth.Guests;
using Hearth.Proving;

namespace Hearth.EndToEnd.Tests;

/// <summary>
/// A running guest goes from the software engine of this host to KVM on the machine of the proving ground, another make of processor to it, and
/// back; what it does meanwhile holds.
/// </summary>
[Collection<GroundCollection>]
public sealed class HandOverTests(GroundFixture fixture)
{
    // A guest goes on while it is saved: many rounds may pass between a moment and the pause, the more the faster the host.
    private const int Rounds = 400;

    /// <summary>What a guest has to do under KVM at least, before it is saved again.</summary>
    private const int RoundsInside = 20;
    private const int Saved = 14;
    private const string ClockSource = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(3);

    // Each round goes through a checksum, a TCP connection that stays open, and the clocks.
    private static readonly string s_script = string.Create(CultureInfo.InvariantCulture, $$"""
        ip link set lo up
        mkfifo /tmp/to /tmp/echo
        exec 3<> /tmp/to 4<> /tmp/echo
        nc -l -p 7777 <&4 >&4 &
        sleep 1
        nc 127.0.0.1 7777 <&3 > /tmp/from &
        sum=
        lost=0
        back=0
        before=0
        round=1
        while [ $round -le {{Rounds}} ]; do
            sum=$(echo "$sum$round" | sha256sum | cut -c 1-64)
            echo "ping $round" >&3
            tries=0
            until grep -q "^ping $round$" /tmp/from; do
                tries=$((tries + 1))
                if [ $tries -gt 300 ]; then lost=$((lost + 1)); break; fi
                usleep 20000
            done
            now=$(cut -d ' ' -f 1 /proc/uptime | tr -d .)
            if [ $now -lt $before ]; then back=$((back + 1)); fi
            before=$now
            echo "round=$round"
            round=$((round + 1))
        done
        echo "sum=$sum"
        echo "lost=$lost"
        echo "back=$back"
        echo "source=$(cat {{ClockSource}})"
        t0=$(date +%s); r0=$(cat /sys/class/rtc/rtc0/since_epoch)
        sleep 4
        t1=$(date +%s); r1=$(cat /sys/class/rtc/rtc0/since_epoch)
        echo "clock=$((t1 - t0))"
        echo "rtc=$((r1 - r0))"
        """);

    [Theory]
    [InlineData(1, "tsc", "kvm")]
    [InlineData(2, "kvm-clock", "kvm")]
    [InlineData(2, "hyperv_clocksource_tsc_page", "hyperv")]
    public void RunningGuest_fromSoftwareToKvmAndBack_goesOn(int cpus, string clockSource, string paravirtual)
    {
        ProvingGround ground = fixture.Ground;
        string script = $"echo {clockSource} > {ClockSource}\n{s_script}";
        using var guest = new GroundGuest(
            ground.SharedDirectory, "linux-image-cloud-amd64", script, "--paravirtual", paravirtual, "--cpus", cpus.ToString(CultureInfo.InvariantCulture));

        HearthOutcome first = SaveHere(guest, ["--save", guest["first"]], "round=10\n");
        HearthOutcome second = GoOnInside(ground, guest, first, "first", "second");
        HearthOutcome third = HearthProcess.Run(guest.Arguments("software", "--restore", guest["second"]));

        AssertWhole(first, second, third);
        Assert.Equal(Sum(), third.Value("sum"));
        Assert.Equal(("0", "0", clockSource), (third.Value("lost"), third.Value("back"), third.Value("source")));
        Assert.InRange(int.Parse(third.Value("clock"), CultureInfo.InvariantCulture), 3, 6);
        Assert.InRange(int.Parse(third.Value("rtc"), CultureInfo.InvariantCulture), 3, 6);
    }

    [Fact]
    public void ConnectionToTheHost_fromSoftwareToKvmAndBack_holds()
    {
        ProvingGround ground = fixture.Ground;
        using LoopbackServer server = LoopbackServer.OfEchoes();
        using var passt = new OutlivingPasst();
        using var guest = new GroundGuest(
            ground.SharedDirectory, "linux-image-cloud-amd64", TalkScript(server.Port), ["virtio_pci", "virtio_net"], []);

        HearthOutcome first = SaveHere(guest, ["--net", $"passt:{passt.Socket}", "--save", guest["first"]], "round=10\n");
        string lent = passt.Lend(ground);
        HearthOutcome second = GoOnInside(ground, guest, first, "first", "second", "--net", $"passt:{lent}");
        OutlivingPasst.TakeBack(ground);
        HearthOutcome third = HearthProcess.Run(guest.Arguments("software", "--net", $"passt:{passt.Socket}", "--restore", guest["second"]));

        AssertWhole(first, second, third);
        Assert.Equal("0", third.Value("lost"));
        Assert.Equal(1, server.Connections);
    }

    /// <summary>Each round goes to the host and back through the one connection. What is lost on the way is sent again, later and later.</summary>
    private static string TalkScript(int port) => string.Create(CultureInfo.InvariantCulture, $$"""
        printf '%s\n' '#!/bin/sh' 'test "$1" = bound || exit 0' 'ip addr add $ip/$mask dev $interface' \
            'ip route add default via $router dev $interface' 'echo $router > /tmp/router' > /tmp/lease
        chmod +x /tmp/lease
        ip link set lo up
        ip link set eth0 up
        udhcpc -i eth0 -n -q -t 10 -s /tmp/lease > /dev/null 2>&1
        mkfifo /tmp/to
        exec 3<> /tmp/to
        nc $(cat /tmp/router) {{port}} <&3 > /tmp/from &
        lost=0
        round=1
        while [ $round -le {{Rounds}} ]; do
            echo "ping $round" >&3
            tries=0
            until grep -q "^ping $round$" /tmp/from; do
                tries=$((tries + 1))
                if [ $tries -gt 3000 ]; then lost=$((lost + 1)); break; fi
                usleep 20000
            done
            usleep 100000
            echo "round=$round"
            round=$((round + 1))
        done
        echo "lost=$lost"
        """);

    private static HearthOutcome SaveHere(GroundGuest guest, string[] arguments, string moment)
    {
        using HearthProcess process = HearthProcess.Start(guest.Arguments("software", arguments));
        process.WaitForText(moment);
        process.Save();
        return process.WaitForExit();
    }

    private static HearthOutcome GoOnInside(ProvingGround ground, GroundGuest guest, HearthOutcome before, string from, string to, params string[] more)
    {
        // The shared folder cannot hold a file without a name, as which a guest is saved.
        string saved = $"/run/{Guid.NewGuid():N}";
        GroundCommand command = guest.StartInside(ground, "kvm", ["--restore", guest[from], "--save", saved, .. more]);
        command.WaitForOutput($"round={LastRound(before) + RoundsInside}", s_patience);
        ground.Require("pkill -USR1 -f '^hearth-vm '", GroundFixture.Patience);
        CommandResult result = command.WaitForExit(s_patience);
        ground.Require($"mv {saved} {guest[to]}", GroundFixture.Patience);
        return new HearthOutcome(result.ExitCode, result.Output.Replace("\r", "", StringComparison.Ordinal), result.Error);
    }

    /// <summary>Each part ended as it should, and together they did every round once.</summary>
    private static void AssertWhole(HearthOutcome first, HearthOutcome second, HearthOutcome third)
    {
        Assert.Equal((Saved, Saved, 0), (first.ExitCode, second.ExitCode, third.ExitCode));
        string[] rounds = [.. HearthOutcome.LinesOf(first, second, third).Where(line => line.StartsWith("round=", StringComparison.Ordinal))];
        Assert.Equal(Enumerable.Range(1, Rounds).Select(round => $"round={round}"), rounds);
        Assert.All((HearthOutcome[])[first, second, third], outcome => Assert.Empty(BrokenHardware.FindIn(outcome)));
    }

    /// <summary>The last round whose line is whole.</summary>
    private static int LastRound(HearthOutcome outcome) =>
        int.Parse(Regex.Matches(outcome.Console, @"round=(\d+)\r?\n")[^1].Groups[1].Value, CultureInfo.InvariantCulture);

    private static string Sum()
    {
        string sum = "";
        for (int round = 1; round <= Rounds; round++)
            sum = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{sum}{round}\n"))));
        return sum;
    }
}
