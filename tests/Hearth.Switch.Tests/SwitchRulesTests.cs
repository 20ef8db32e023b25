using Hearth.Testing;

namespace Hearth.Switch.Tests;

public sealed class SwitchRulesTests
{
    private const string Lan = "lan";
    private const string Apart = "apart";

    private static readonly EthernetAddress s_dad = Parse("02:00:00:00:00:01");
    private static readonly EthernetAddress s_mum = Parse("02:00:00:00:00:02");
    private static readonly EthernetAddress s_child = Parse("02:00:00:00:00:03");
    private static readonly EthernetAddress s_printer = Parse("02:00:00:00:00:04");
    private static readonly EthernetAddress s_stranger = Parse("02:00:00:00:00:55");
    private static readonly EthernetAddress s_all = new(0xFFFF_FFFF_FFFF);

    /// <summary>Dad and mum in one LAN, the child in another, the printer in both, and an uplink with any stations in the first.</summary>
    private readonly SwitchRules _rules = new(
        [
            new SwitchPortOptions("dad", [Lan], s_dad),
            new SwitchPortOptions("mum", [Lan], s_mum),
            new SwitchPortOptions("child", [Apart], s_child),
            new SwitchPortOptions("printer", [Lan, Apart], s_printer),
            new SwitchPortOptions("uplink", [Lan], null),
        ],
        0);

    [Fact]
    public void Frame_forAStation_goesToItsPortAlone() =>
        Assert.Equal((FrameVerdict.Forwarded, 0b00010UL), Judge(0, s_mum, s_dad));

    [Fact]
    public void Frame_forAStationOfAnotherLan_isKeptApart() =>
        Assert.Equal((FrameVerdict.KeptApart, 0UL), Judge(0, s_child, s_dad));

    [Fact]
    public void Frame_fromOneLanToAPortOfBoth_isForwarded() =>
        Assert.Equal((FrameVerdict.Forwarded, 0b01000UL), Judge(2, s_printer, s_child));

    [Theory]
    [InlineData(0, 0b11010UL)]
    [InlineData(2, 0b01000UL)]
    [InlineData(3, 0b10111UL)]
    public void Frame_forAll_goesToEveryPortOfTheSendersLans(int from, ulong to)
    {
        EthernetAddress[] stations = [s_dad, s_mum, s_child, s_printer];

        Assert.Equal((FrameVerdict.Forwarded, to), Judge(from, s_all, stations[from]));
    }

    [Fact]
    public void Frame_forNobodyKnown_goesOnlyWhereItsStationMayBe() =>
        Assert.Equal((FrameVerdict.Forwarded, 0b10000UL), Judge(0, s_stranger, s_dad));

    [Fact]
    public void Frame_forNobodyKnownAndNowhereToLook_isUnclaimed() =>
        Assert.Equal((FrameVerdict.Unclaimed, 0UL), Judge(2, s_stranger, s_child));

    [Fact]
    public void Frame_forItself_goesNowhere() => Assert.Equal((FrameVerdict.Unclaimed, 0UL), Judge(0, s_dad, s_dad));

    [Fact]
    public void Frame_ofAnotherStation_isSpoofed()
    {
        Assert.Equal((FrameVerdict.Spoofed, 0UL), Judge(0, s_mum, s_stranger));
        Assert.Equal((FrameVerdict.Spoofed, 0UL), Judge(0, s_all, s_mum));
        Assert.Equal((FrameVerdict.Spoofed, 0UL), Judge(0, s_mum, s_all));
    }

    [Fact]
    public void Frame_fromAnyStation_isSpoofedWhereItIsAnotherPorts()
    {
        Assert.Equal((FrameVerdict.Spoofed, 0UL), Judge(4, s_mum, s_dad));
        Assert.Equal((FrameVerdict.Forwarded, 0b00010UL), Judge(4, s_mum, s_stranger));
    }

    [Fact]
    public void Station_seenBehindAPort_isLearnedAndForgottenAfterAWhile()
    {
        var rules = new SwitchRules([new("a", [Lan], null), new("b", [Lan], null), new("c", [Lan], s_dad)], 0);
        Judge(rules, 0, s_all, s_stranger, 0);

        Assert.Equal((FrameVerdict.Forwarded, 0b001UL), Judge(rules, 2, s_stranger, s_dad, 300_000));
        Assert.Equal((FrameVerdict.Forwarded, 0b011UL), Judge(rules, 2, s_stranger, s_dad, 300_001));
    }

    [Fact]
    public void Station_thatMoved_isFoundWhereItIs()
    {
        var rules = new SwitchRules([new("a", [Lan], null), new("b", [Lan], null), new("c", [Lan], s_dad)], 0);
        Judge(rules, 0, s_all, s_stranger, 0);
        Judge(rules, 1, s_all, s_stranger, 1);

        Assert.Equal((FrameVerdict.Forwarded, 0b010UL), Judge(rules, 2, s_stranger, s_dad, 2));

        rules.Disconnected(1);
        Assert.Equal((FrameVerdict.Forwarded, 0b011UL), Judge(rules, 2, s_stranger, s_dad, 3));
    }

    [Fact]
    public void Stations_beyondTheMost_areNotLearnedAndStillReached()
    {
        var rules = new SwitchRules([new("a", [Lan], null), new("b", [Lan], null), new("c", [Lan], s_dad)], 0);
        for (ulong i = 0; i < 10_000; i++)
            Judge(rules, 0, s_dad, new EthernetAddress(0x02_11_00_00_00_00 + i), 0);

        Assert.Equal((FrameVerdict.Forwarded, 0b001UL), Judge(rules, 2, new EthernetAddress(0x02_11_00_00_00_00 + 4095), s_dad, 0));
        Assert.Equal((FrameVerdict.Forwarded, 0b011UL), Judge(rules, 2, new EthernetAddress(0x02_11_00_00_00_00 + 9999), s_dad, 0));
    }

    [Fact]
    public void Frames_forAll_areBoundedForEachPort()
    {
        int[] forwarded = [.. Enumerable.Range(0, 2).Select(port => Enumerable.Range(0, 1500).Count(_ => Judge(port, s_all, port == 0 ? s_dad : s_mum).Verdict == FrameVerdict.Forwarded))];
        bool later = Judge(_rules, 0, s_all, s_dad, 1).Verdict == FrameVerdict.Forwarded;
        int second = Enumerable.Range(0, 3000).Count(_ => Judge(_rules, 0, s_all, s_dad, 1001).Verdict == FrameVerdict.Forwarded);

        Assert.Equal([1000, 1000], forwarded);
        Assert.True(later);
        Assert.Equal(1000, second);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(13)]
    public void Frame_withoutBothAddressesAndAType_isMalformed(int length) =>
        Assert.Equal(FrameVerdict.Malformed, _rules.Judge(0, new byte[length], 0, out _));

    [Fact]
    public void Ports_withTheSameNameOrStation_areRefused()
    {
        var sameName = Assert.Throws<ArgumentException>(() => new SwitchRules([new("a", [Lan], s_dad), new("a", [Lan], s_mum)], 0));
        var sameStation = Assert.Throws<ArgumentException>(() => new SwitchRules([new("a", [Lan], s_dad), new("b", [Lan], s_dad)], 0));

        Assert.Equal("two ports are named a", sameName.Message);
        Assert.Equal("the ports a and b have the same station, 02:00:00:00:00:01", sameStation.Message);
    }

    [Fact]
    public void Judging_allocatesNothing()
    {
        byte[] frame = Frame(s_mum, s_dad);
        byte[] learned = Frame(s_mum, s_stranger);

        long allocated = Allocations.Of(() =>
        {
            _rules.Judge(0, frame, 0, out _);
            _rules.Judge(4, learned, 0, out _);
        });

        Assert.Equal(0, allocated);
    }

    private static EthernetAddress Parse(string text) => EthernetAddress.TryParse(text, out EthernetAddress address) ? address : throw new FormatException(text);

    private static byte[] Frame(EthernetAddress to, EthernetAddress from) =>
        [.. Enumerable.Range(0, 12).Select(i => (byte)((i < 6 ? to : from).Value >> (8 * (5 - (i % 6))))), 8, 0, .. new byte[46]];

    private static (FrameVerdict Verdict, ulong To) Judge(SwitchRules rules, int port, EthernetAddress to, EthernetAddress from, long now) =>
        (rules.Judge(port, Frame(to, from), now, out ulong ports), ports);

    private (FrameVerdict Verdict, ulong To) Judge(int port, EthernetAddress to, EthernetAddress from) => Judge(_rules, port, to, from, 0);
}
