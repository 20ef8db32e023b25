using Hearth.Machine;

namespace Hearth.Cpu.Tests;

public sealed class CpuModelTests
{
    [Fact]
    public void Find_of_an_unknown_model_names_the_known_ones()
    {
        MachineException thrown = Assert.Throws<MachineException>(() => CpuModel.Find("pentium9"));

        Assert.Equal("there is no CPU model 'pentium9'; the models are x86-64-v2, x86-64-v3, x86-64-v3-2021", thrown.Message);
    }

    [Fact]
    public void Feature_that_a_processor_lacks_is_named()
    {
        IReadOnlyList<string> missing = CpuModel.X64Version3.MissingOn(HostWithoutAvx2);

        Assert.Equal(["avx2"], missing);
    }

    [Fact]
    public void Promise_is_missing_on_no_processor()
    {
        IReadOnlyList<string> missing = CpuModel.X64Version3Of2021.MissingOn((leaf, _) => leaf == 0x8000_0007 ? default : AllBits);

        Assert.Empty(missing);
    }

    [Fact]
    public void Host_without_a_feature_of_the_newer_model_runs_the_older_one()
    {
        IReadOnlyList<string> missing = CpuModel.X64Version2.MissingOn(HostWithoutAvx2);

        Assert.Empty(missing);
    }

    /// <summary>The oldest processors that the software engine runs on have none of these.</summary>
    [Fact]
    public void Host_without_sha_adx_and_random_numbers_runs_every_model()
    {
        IReadOnlyList<string> missing = CpuModel.X64Version3Of2021.NativelyMissingOn(HostOfTheFirstAvx2);

        Assert.Empty(missing);
    }

    [Fact]
    public void Host_with_few_leaves_is_not_asked_for_more()
    {
        IReadOnlyList<string> missing = CpuModel.X64Version3.MissingOn((leaf, _) => leaf == 0 ? new CpuidResult(1, 0, 0, 0) : default);

        Assert.Contains("sse2", missing);
        Assert.Contains("avx2", missing);
    }

    [Fact]
    public void Newer_model_has_every_feature_of_the_older_one()
    {
        IEnumerable<CpuFeature> lost = CpuModel.All.Zip(CpuModel.All.Skip(1), (older, newer) => older.Features.Except(newer.Features)).SelectMany(lost => lost);

        Assert.Empty(lost);
    }

    [Fact]
    public void No_feature_is_listed_twice()
    {
        IEnumerable<(uint, uint, CpuidRegister, int)> bits =
            CpuModel.X64Version3Of2021.Features.Concat(CpuFeatures.SpeculationControls).Select(feature => (feature.Leaf, feature.Subleaf, feature.Register, feature.Bit));

        Assert.Equal(bits.Count(), bits.Distinct().Count());
    }

    private static CpuidResult AllBits => new(uint.MaxValue, uint.MaxValue, uint.MaxValue, uint.MaxValue);

    /// <summary>All bits set but one.</summary>
    private static CpuidResult HostWithoutAvx2(uint leaf, uint subleaf) => leaf == 7 ? AllBits with { Ebx = ~(1U << 5) } : AllBits;

    /// <summary>All bits set but those of RDRAND, RDSEED, ADX and SHA.</summary>
    private static CpuidResult HostOfTheFirstAvx2(uint leaf, uint subleaf) => leaf switch
    {
        1 => AllBits with { Ecx = ~(1U << 30) },
        7 => AllBits with { Ebx = ~((1U << 18) | (1U << 19) | (1U << 29)) },
        _ => AllBits,
    };
}
