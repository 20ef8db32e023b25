using Hearth.Machine;

namespace Hearth.Cpu.Tests;

public sealed class CpuModelTests
{
    [Fact]
    public void Find_of_an_unknown_model_names_the_known_ones()
    {
        MachineException thrown = Assert.Throws<MachineException>(() => CpuModel.Find("pentium9"));

        Assert.Equal("there is no CPU model 'pentium9'; the models are x86-64-v2, x86-64-v3", thrown.Message);
    }

    [Fact]
    public void Host_without_a_feature_is_refused_by_name()
    {
        MachineException thrown = Assert.Throws<MachineException>(() => CpuModel.X64Version3.RequireHost(HostWithoutAvx2));

        Assert.Equal("this host's processor cannot run the CPU model x86-64-v3: it lacks avx2", thrown.Message);
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
        IReadOnlyList<string> missing = CpuModel.X64Version3.MissingOn(HostOfTheFirstAvx2);

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
        IEnumerable<CpuFeature> lost = CpuModel.X64Version2.Features.Except(CpuModel.X64Version3.Features);

        Assert.Empty(lost);
    }

    [Fact]
    public void No_feature_is_listed_twice()
    {
        IEnumerable<(uint, uint, CpuidRegister, int)> bits =
            CpuModel.X64Version3.Features.Select(feature => (feature.Leaf, feature.Subleaf, feature.Register, feature.Bit));

        Assert.Equal(CpuModel.X64Version3.Features.Count, bits.Distinct().Count());
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
