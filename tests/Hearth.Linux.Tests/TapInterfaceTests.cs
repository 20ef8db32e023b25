namespace Hearth.Linux.Tests;

public sealed class TapInterfaceTests
{
    [Theory]
    [InlineData("hearth0", true)]
    [InlineData("a-name_of.15ch", true)]
    [InlineData("", false)]
    [InlineData("..", false)]
    [InlineData("a/b", false)]
    [InlineData("a b", false)]
    [InlineData("tap%d", false)]
    [InlineData("sixteencharacter", false)]
    [InlineData("höhle", false)]
    public void IsName_whatTheKernelTakes(string name, bool expected) => Assert.Equal(expected, TapInterface.IsName(name));
}
