using Hearth.Linux.Jail;

namespace Hearth.Linux.Tests.Jail;

public sealed class LandlockRulesTests
{
    private const ulong ReadAndExecute = 0b1101;

    [Theory]
    [InlineData(1, 1, 0x1FF2UL, JailLayers.FileRules)]
    [InlineData(2, 1, 0x3FF2UL, JailLayers.FileRules)]
    [InlineData(3, 1, 0x7FF2UL, JailLayers.FileRules)]
    [InlineData(4, 2, 0x7FF2UL, JailLayers.FileRules | JailLayers.NetworkRules)]
    [InlineData(5, 2, 0xFFF2UL, JailLayers.FileRules | JailLayers.NetworkRules)]
    [InlineData(6, 3, 0xFFF2UL, JailLayers.FileRules | JailLayers.NetworkRules | JailLayers.ScopeRules)]
    [InlineData(99, 3, 0xFFF2UL, JailLayers.FileRules | JailLayers.NetworkRules | JailLayers.ScopeRules)]
    public void Of_eachVersion_handlesWhatItKnows(int version, int words, ulong files, JailLayers layers)
    {
        var rules = LandlockRules.Of(version);

        Assert.Equal((words, files, layers), (rules.Attribute.Length, rules.Attribute[0], rules.Layers));
        Assert.Equal(0UL, files & ReadAndExecute);
    }
}
