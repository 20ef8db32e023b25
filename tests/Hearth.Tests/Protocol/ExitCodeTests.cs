using Hearth.Protocol;

namespace Hearth.Tests.Protocol;

public sealed class ExitCodeTests
{
    [Theory]
    [InlineData(0u, 1)]
    [InlineData(21u, 43)]
    [InlineData(127u, 255)]
    [InlineData(128u, 1)]
    [InlineData(uint.MaxValue, 255)]
    public void FromDebugExit_anyValue_isOdd(uint value, int code) => Assert.Equal(code, ExitCode.FromDebugExit(value));
}
