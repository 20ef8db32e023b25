using Hearth.Fuzz.Devices;

namespace Hearth.Devices.Tests;

/// <summary>A short run of the random operations; <c>tests/Fuzz</c> has the long one. Alone, as it measures what the process holds.</summary>
[Collection(nameof(DeviceFuzzTests))]
[CollectionDefinition(nameof(DeviceFuzzTests), DisableParallelization = true)]
public class DeviceFuzzTests
{
    private const long Operations = 30_000;

    public static TheoryData<string, int> Runs => new MatrixTheoryData<string, int>(DeviceFuzz.Names, [1, 2]);

    [Theory]
    [MemberData(nameof(Runs))]
    public void RandomOperations_DoNoHarm(string device, int seed) => Assert.Null(DeviceFuzz.Run(device, seed, Operations));
}
