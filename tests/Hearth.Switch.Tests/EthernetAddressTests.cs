namespace Hearth.Switch.Tests;

public sealed class EthernetAddressTests
{
    [Fact]
    public void Parse_anAddress_isReadBackAndRead()
    {
        Assert.True(EthernetAddress.TryParse("02:48:54:00:aB:01", out EthernetAddress address));

        Assert.Equal("02:48:54:00:ab:01", address.ToString());
        Assert.Equal(address, EthernetAddress.Read([0x02, 0x48, 0x54, 0x00, 0xAB, 0x01, 0xFF]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("02:48:54:00:00")]
    [InlineData("02:48:54:00:00:01:02")]
    [InlineData("2:48:54:00:00:01")]
    [InlineData("02-48-54-00-00-01")]
    [InlineData("02:48:54:00:00:0g")]
    [InlineData("03:48:54:00:00:01")]
    public void Parse_whatIsNoAddressOfOneStation_isRefused(string text) => Assert.False(EthernetAddress.TryParse(text, out _));

    [Fact]
    public void Of_aName_isItsOwnOnEveryHost()
    {
        EthernetAddress address = EthernetAddress.Of("switch /run/dad", "host");

        Assert.Equal(address, EthernetAddress.Of("switch /run/dad", "host"));
        Assert.NotEqual(address, EthernetAddress.Of("switch /run/mum", "host"));
        Assert.NotEqual(address, EthernetAddress.Of("switch /run/dad", "other"));
        Assert.StartsWith("02:48:54:", address.ToString(), StringComparison.Ordinal);
    }
}
