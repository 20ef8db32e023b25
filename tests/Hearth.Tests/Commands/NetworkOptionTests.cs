using Hearth.Commands;
using Hearth.Switch;

namespace Hearth.Tests.Commands;

public sealed class NetworkOptionTests
{
    private static readonly EthernetAddress s_address = new(0x02_00_00_00_00_07);

    public static TheoryData<string, object> Options => new()
    {
        { "user", new NetworkOption(NetworkKind.User, "", null, null) },
        { "user,mac=02:00:00:00:00:07", new NetworkOption(NetworkKind.User, "", null, s_address) },
        { "passt:/run/passt:1", new NetworkOption(NetworkKind.Passt, "/run/passt:1", null, null) },
        { "switch:/run/lan/dad,mac=02:00:00:00:00:07", new NetworkOption(NetworkKind.Switch, "/run/lan/dad", null, s_address) },
        { "tap:hearth0,bridge=br0", new NetworkOption(NetworkKind.Tap, "hearth0", "br0", null) },
    };

    [Theory]
    [MemberData(nameof(Options))]
    public void Parse_anOption_givesItsParts(string text, object expected) => Assert.Equal(expected, NetworkOption.Parse(text));

    [Fact]
    public void Parse_none_isNoNic() => Assert.Null(NetworkOption.Parse("none"));

    [Theory]
    [InlineData("everything")]
    [InlineData("user:socket")]
    [InlineData("passt")]
    [InlineData("passt:")]
    [InlineData("switch:")]
    [InlineData("tap:")]
    [InlineData("tap:a/b")]
    [InlineData("tap:hearth0,bridge=")]
    [InlineData("user,bridge=br0")]
    [InlineData("user,mac=")]
    [InlineData("user,mac=ff:ff:ff:ff:ff:ff")]
    [InlineData("user,")]
    public void Parse_whatMakesNoSense_isRefused(string text)
    {
        var error = Assert.Throws<UsageException>(() => NetworkOption.Parse(text));

        Assert.StartsWith($"--net {text}", error.Message, StringComparison.Ordinal);
    }
}
