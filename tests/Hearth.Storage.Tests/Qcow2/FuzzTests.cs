using Hearth.Fuzz.Storage;

namespace Hearth.Storage.Tests.Qcow2;

/// <summary>A short run of the fuzzer, always the same images; <c>tests/Fuzz -- qcow2</c> has more.</summary>
public class FuzzTests
{
    [Theory]
    [InlineData(1000)]
    [InlineData(2000)]
    public void DamagedImages_endInSuccessOrInOneSentence(int seed) => Assert.Equal(400, ImageFuzz.Run((ulong)seed, 400, () => false));
}
