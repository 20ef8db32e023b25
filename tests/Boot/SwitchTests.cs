using System.Globalization;

namespace Hearth.Boot.Tests;

/// <summary>Guests with the stock driver, virtio_net, on a <c>hearth switch</c>.</summary>
public sealed class SwitchTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Guests_ofOneLan_reachEachOtherAndNobodyElse()
    {
        using HearthProcess fabric = StartSwitch("dad", "mum", "child,lan=apart");
        using HearthProcess mum = StartGuest("mum", 2, "read go");
        using HearthProcess child = StartGuest("child", 3, "read go");
        WaitForGuests(mum, child);

        using HearthProcess dad = StartGuest("dad", 1, """
            ping -c 3 -W 5 10.9.9.2 > /dev/null && echo "mum=reached" || echo "mum=silent"
            ping -c 2 -W 2 10.9.9.3 > /dev/null && echo "child=reached" || echo "child=silent"
            """);
        HearthOutcome outcome = dad.WaitForExit().AssertPoweredOff();
        mum.Type("\n");
        child.Type("\n");
        mum.WaitForExit().AssertPoweredOff();
        child.WaitForExit().AssertPoweredOff();

        Assert.Equal(("reached", "silent"), (outcome.Value("mum"), outcome.Value("child")));
        Assert.Empty(BrokenHardware.FindIn(outcome));
    }

    [Fact]
    public void Guest_thatTakesAnothersAddress_isNotHeard()
    {
        using HearthProcess fabric = StartSwitch("dad", "mum");
        using HearthProcess mum = StartGuest("mum", 2, "read go");
        WaitForGuests(mum);

        using HearthProcess dad = StartGuest("dad", 1, """
            ping -c 2 -W 5 10.9.9.2 > /dev/null && echo "itself=reached" || echo "itself=silent"
            ip link set eth0 down
            ip link set eth0 address 02:00:00:12:34:56
            ip link set eth0 up
            ping -c 2 -W 2 10.9.9.2 > /dev/null && echo "other=reached" || echo "other=silent"
            """);
        HearthOutcome outcome = dad.WaitForExit().AssertPoweredOff();
        mum.Type("\n");
        mum.WaitForExit().AssertPoweredOff();
        fabric.End();
        HearthOutcome figures = fabric.WaitForExit();

        Assert.Equal(("reached", "silent"), (outcome.Value("itself"), outcome.Value("other")));
        Assert.Equal(0, figures.ExitCode);
        Assert.Contains("and sent as 02:00:00:12:34:56.", figures.Error, StringComparison.Ordinal);
        Assert.Matches(@"dad: \d+ forwarded, .* 0 kept apart, [1-9]\d* spoofed", figures.Error);
        Assert.DoesNotContain(Directory.GetFileSystemEntries(_scratch.Path), path => Path.GetFileName(path) is "dad" or "mum");
    }

    /// <summary>Each card of a guest is on a port of its own, and reaches the other guest's card of the same LAN only.</summary>
    [Fact]
    public void Guest_withFourCards_usesThemAll()
    {
        string[] ports = [.. Enumerable.Range(0, 4).SelectMany(card => new[] { $"a{card},lan=l{card}", $"b{card},lan=l{card}" })];
        using HearthProcess fabric = StartSwitch(ports);
        const string Cards = """
            for card in 0 1 2 3; do
                ip link set eth$card up
                ip addr add 10.9.$card.HOST/24 dev eth$card
            done
            """;
        using HearthProcess other = StartGuest(["b0", "b1", "b2", "b3"], Cards.Replace("HOST", "2", StringComparison.Ordinal) + "\necho ready\nread go");
        WaitForGuests(other);

        using HearthProcess guest = StartGuest(["a0", "a1", "a2", "a3"], Cards.Replace("HOST", "1", StringComparison.Ordinal) + """

            for card in 0 1 2 3; do
                ping -c 2 -W 5 -I eth$card 10.9.$card.2 > /dev/null && echo "card$card=reached" || echo "card$card=silent"
            done
            """);
        HearthOutcome outcome = guest.WaitForExit().AssertPoweredOff();
        other.Type("\n");
        other.WaitForExit().AssertPoweredOff();

        Assert.All(Enumerable.Range(0, 4), card => Assert.Equal("reached", outcome.Value(string.Create(CultureInfo.InvariantCulture, $"card{card}"))));
        Assert.Empty(BrokenHardware.FindIn(outcome));
    }

    [Theory]
    [InlineData("--socket SCRATCH/missing --port a", "--socket: SCRATCH/missing is no folder")]
    [InlineData("--socket SCRATCH --port a --port a", "--port: two ports are named a")]
    [InlineData("--socket SCRATCH --port a,mac=02:00:00:00:00:01 --port b,mac=02:00:00:00:00:01", "--port: the ports a and b have the same station, 02:00:00:00:00:01")]
    [InlineData("--socket SCRATCH --port a,lan=", "--port a,lan=: a LAN has no name")]
    [InlineData("--socket SCRATCH --port a,colour=red", "--port a,colour=red: colour=red is none of lan=LAN[+LAN…], mac=ADDRESS and mac=any")]
    [InlineData("--socket SCRATCH --port ..", "--port ..: \"..\" cannot be the name of a socket in SCRATCH")]
    [InlineData("--socket SCRATCH", "Option '--port' is required")]
    public void Switch_thatMakesNoSense_givesOneSentence(string arguments, string sentence)
    {
        string[] all = ["switch", .. arguments.Replace("SCRATCH", _scratch.Path, StringComparison.Ordinal).Split(' ')];

        HearthOutcome outcome = HearthProcess.Run(all);

        Assert.Equal((2, $"hearth: {sentence.Replace("SCRATCH", _scratch.Path, StringComparison.Ordinal)}."), (outcome.ExitCode, outcome.Error.Trim()));
        Assert.Empty(Directory.GetFileSystemEntries(_scratch.Path));
    }

    private HearthProcess StartSwitch(params string[] ports)
    {
        HearthProcess fabric = HearthProcess.Start(["switch", "--socket", _scratch.Path, "--stats", .. ports.SelectMany(port => new[] { "--port", port })]);
        fabric.WaitUntil(() => ports.All(port => File.Exists(_scratch[port.Split(',')[0]])), "the switch made no sockets");
        return fabric;
    }

    private HearthProcess StartGuest(string port, int host, string script) => StartGuest(
        [port],
        string.Create(CultureInfo.InvariantCulture, $"""
            ip link set eth0 up
            ip addr add 10.9.9.{host}/24 dev eth0
            echo ready
            {script}
            """));

    private HearthProcess StartGuest(string[] ports, string script)
    {
        using var guest = new TestGuest(GuestAssets.CloudKernel, script, "virtio_pci", "virtio_net");
        string initrd = _scratch[$"{ports[0]}.img"];
        File.Copy(guest.Scratch["initrd.img"], initrd);
        string[] arguments = [.. guest.Arguments.Select(argument => argument == guest.Scratch["initrd.img"] ? initrd : argument == "512M" ? "256M" : argument)];
        return HearthProcess.Start([.. arguments, .. ports.SelectMany(port => new[] { "--net", $"switch:{_scratch[port]}" })]);
    }

    private static void WaitForGuests(params HearthProcess[] guests) => Assert.All(guests, guest => guest.WaitForText("ready"));
}
