using Hearth.Linux.Jail;

namespace Hearth.Linux.Tests.Jail;

/// <summary>What the compiled filters decide, call by call.</summary>
public sealed class SeccompFilterBuilderTests
{
    private const int Call = 100;
    private const int Other = 200;
    private const uint Denied = 1; // EPERM

    [Fact]
    public void Build_emptyList_deniesEverything() => Assert.Equal(FilterMachine.Error(Denied), Decide(new SeccompFilterBuilder(), Call));

    [Fact]
    public void Allow_withoutRules_allowsThatCallAlone()
    {
        SeccompFilterBuilder list = new SeccompFilterBuilder().Allow(Call);

        Assert.Equal(FilterMachine.Allow, Decide(list, Call, ulong.MaxValue));
        Assert.Equal(FilterMachine.Error(Denied), Decide(list, Call - 1));
        Assert.Equal(FilterMachine.Error(Denied), Decide(list, Call + 1));
    }

    [Theory]
    [InlineData(0x1_0000_0002UL, true)]
    [InlineData(0x0000_0002UL, false)]
    [InlineData(0x1_0000_0003UL, false)]
    [InlineData(0x2_0000_0002UL, false)]
    public void Is_comparesAll64Bits(ulong argument, bool isAllowed) =>
        AssertAllowed(isAllowed, new SeccompFilterBuilder().Allow(Call, ArgumentRule.Is(0, 0x1_0000_0002)), argument);

    [Theory]
    [InlineData(2UL, true)]
    [InlineData(0xFFFF_FFFF_0000_0002UL, true)]
    [InlineData(3UL, false)]
    public void IsInt_comparesTheLowHalf(ulong argument, bool isAllowed) =>
        AssertAllowed(isAllowed, new SeccompFilterBuilder().Allow(Call, ArgumentRule.IsInt(0, 2)), argument);

    [Theory]
    [InlineData(0UL, true)]
    [InlineData(0x5UL, true)]
    [InlineData(0x2UL, false)]
    [InlineData(0x8000_0000_0000_0001UL, false)]
    public void IsAmong_deniesAnyOtherBit(ulong argument, bool isAllowed) =>
        AssertAllowed(isAllowed, new SeccompFilterBuilder().Allow(Call, ArgumentRule.IsAmong(0, 5)), argument);

    [Theory]
    [InlineData(0xAE80UL, true)]
    [InlineData(0xC008_AE67UL, true)]
    [InlineData(0xAF80UL, false)]
    [InlineData(0x5412UL, false)]
    public void Mask_comparesItsBits(ulong argument, bool isAllowed) =>
        AssertAllowed(isAllowed, new SeccompFilterBuilder().Allow(Call, new ArgumentRule(0, 0xFF00, 0xAE00)), argument);

    [Fact]
    public void Rules_ofOneEntry_mustAllHold()
    {
        SeccompFilterBuilder list = new SeccompFilterBuilder().Allow(Call, ArgumentRule.Is(1, 7), ArgumentRule.IsInt(5, 9));

        Assert.Equal(FilterMachine.Allow, Decide(list, Call, 0, 7, 0, 0, 0, 9));
        Assert.Equal(FilterMachine.Error(Denied), Decide(list, Call, 0, 7, 0, 0, 0, 8));
        Assert.Equal(FilterMachine.Error(Denied), Decide(list, Call, 0, 6, 0, 0, 0, 9));
    }

    [Fact]
    public void Entries_ofOneCall_areAlternatives()
    {
        SeccompFilterBuilder list = new SeccompFilterBuilder().Allow(Call, ArgumentRule.Is(0, 1)).Allow(Call, ArgumentRule.Is(0, 2)).Allow(Other);

        Assert.Equal(FilterMachine.Allow, Decide(list, Call, 1));
        Assert.Equal(FilterMachine.Allow, Decide(list, Call, 2));
        Assert.Equal(FilterMachine.Error(Denied), Decide(list, Call, 3));
        Assert.Equal(FilterMachine.Allow, Decide(list, Other, 3));
    }

    [Fact]
    public void Fail_givesItsError() => Assert.Equal(FilterMachine.Error(38), Decide(new SeccompFilterBuilder().Fail(Call, 38), Call));

    [Fact]
    public void OtherInterfaces_areNoWayAround()
    {
        SeccompFilterBuilder list = new SeccompFilterBuilder().Allow(Call);
        const uint I386 = 0x4000_0003;
        const uint X32 = 0x4000_0000;

        Assert.Equal(FilterMachine.KillProcess, FilterMachine.Run(list.Build().Program, Call, I386));
        Assert.Equal(FilterMachine.Error(Denied), FilterMachine.Run(list.Build().Program, X32 | Call, FilterMachine.Architecture));
        Assert.Equal(FilterMachine.Error(Denied), FilterMachine.Run(list.Build().Program, uint.MaxValue, FilterMachine.Architecture));
    }

    [Fact]
    public void Rule_ofBitsThatItsMaskLeavesOut_isRefused()
    {
        Assert.Throws<ArgumentException>(() => new SeccompFilterBuilder().Allow(Call, new ArgumentRule(0, 1, 2)));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SeccompFilterBuilder().Allow(Call, ArgumentRule.Is(6, 0)));
    }

    private static void AssertAllowed(bool isAllowed, SeccompFilterBuilder list, ulong argument) =>
        Assert.Equal(isAllowed ? FilterMachine.Allow : FilterMachine.Error(Denied), Decide(list, Call, argument));

    private static uint Decide(SeccompFilterBuilder list, int number, params ReadOnlySpan<ulong> arguments) =>
        FilterMachine.Run(list.Build().Program, (uint)number, FilterMachine.Architecture, arguments);
}
