using Hearth.Commands;

namespace Hearth.Tests.Commands;

public sealed class PortNumberTests
{
    [Theory]
    [InlineData("0xf4", 0xF4)]
    [InlineData("0XF4", 0xF4)]
    [InlineData("1281", 1281)]
    [InlineData("0xfffc", 0xFFFC)]
    public void Parse_aPort_givesItsNumber(string text, int port) => Assert.Equal(port, PortNumber.Parse("--debug-exit", text));

    [Theory]
    [InlineData("0xfffd")]
    [InlineData("65536")]
    [InlineData("-1")]
    [InlineData("f4")]
    [InlineData("0x")]
    [InlineData("")]
    public void Parse_somethingElse_namesOptionAndText(string text)
    {
        var error = Assert.Throws<UsageException>(() => PortNumber.Parse("--debug-exit", text));

        Assert.Equal($"--debug-exit {text} is no I/O port between 0 and 0xfffc", error.Message);
    }
}
