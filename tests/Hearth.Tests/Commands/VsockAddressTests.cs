using Hearth.Commands;

namespace Hearth.Tests.Commands;

public sealed class VsockAddressTests
{
    [Theory]
    [InlineData("3:/run/dad.vsock", 3U, "/run/dad.vsock")]
    [InlineData("4294967294:a:b", uint.MaxValue - 1, "a:b")]
    public void Parse_anAddress_givesItsParts(string text, uint cid, string socket)
    {
        VsockAddress address = VsockAddress.Parse(text);

        Assert.Equal((cid, socket), (address.Cid, address.Socket));
    }

    [Theory]
    [InlineData("")]
    [InlineData("3")]
    [InlineData("3:")]
    [InlineData(":socket")]
    [InlineData("-3:socket")]
    [InlineData("2:socket")]
    [InlineData("4294967295:socket")]
    [InlineData("4294967296:socket")]
    public void Parse_whatIsNone_isRefused(string text)
    {
        var error = Assert.Throws<UsageException>(() => VsockAddress.Parse(text));

        Assert.StartsWith($"--vsock {text}", error.Message, StringComparison.Ordinal);
    }
}
