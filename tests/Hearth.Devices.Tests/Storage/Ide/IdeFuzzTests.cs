using Hearth.Fuzz.Devices;

namespace Hearth.Devices.Tests.Storage.Ide;

/// <summary>A short run of the fuzzer, the same one each time.</summary>
public class IdeFuzzTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void RandomGuest_neitherThrowsNorHangsADrive(int seed)
    {
        Exception? thrown = Record.Exception(() => new IdeFuzz(seed).Run(30_000));

        Assert.Null(thrown);
    }
}
