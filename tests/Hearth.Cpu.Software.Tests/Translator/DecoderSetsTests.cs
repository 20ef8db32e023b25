using Iced.Intel;

namespace Hearth.Cpu.Software.Tests.Translator;

public sealed class DecoderSetsTests
{
    [Fact]
    public void Capacities_haveRoomForAllThatTheDecoderKnows()
    {
        Assert.InRange((int)Enum.GetValues<Code>().Max(), 0, DecoderSets.CodeCapacity - 1);
        Assert.InRange((int)Enum.GetValues<Mnemonic>().Max(), 0, DecoderSets.MnemonicCapacity - 1);
        Assert.InRange((int)Enum.GetValues<CpuidFeature>().Max(), 0, DecoderSets.FeatureCapacity - 1);
    }
}
