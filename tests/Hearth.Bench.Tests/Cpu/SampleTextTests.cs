using Hearth.Bench.Cpu;

namespace Hearth.Bench.Tests.Cpu;

public sealed class SampleTextTests
{
    [Fact]
    public void Text_isTheSameEveryTimeAndAsLongAsAsked()
    {
        byte[] text = SampleText.Create(10000);

        Assert.Equal(10000, text.Length);
        Assert.Equal(text, SampleText.Create(10000));
        Assert.All(text, letter => Assert.True(letter is (byte)' ' or (byte)'\n' or (>= (byte)'a' and <= (byte)'z')));
    }
}
