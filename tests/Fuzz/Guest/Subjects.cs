using Hearth.Cpu;
using Hearth.Cpu.Software;
using Hearth.Fuzz.State;

namespace Hearth.Fuzz.Guest;

/// <summary>What is tested against the host.</summary>
internal static class Subjects
{
    private const ulong TscFrequency = 1_000_000_000;
    private const long CodeCacheLength = 32 << 20;

    /// <summary>The software engine with the richest model, in every flavour of guest.</summary>
    public static IReadOnlyList<IProcessor> Create() => [.. Enum.GetValues<GuestFlavour>().Select(Create)];

    /// <summary>The software engine with the richest model.</summary>
    public static IProcessor Create(GuestFlavour flavour)
    {
        var options = new SoftwareEngineOptions
        {
            Model = CpuModel.Find("x86-64-v3-2021"),
            TscFrequency = TscFrequency,
            CodeCacheLength = CodeCacheLength,
            DirectTier = flavour == GuestFlavour.Direct ? DirectTierMode.Always : DirectTierMode.Never,
        };
        return new GuestProcessor(ram => new SoftwareCpuEngine(ram, options), flavour);
    }
}
