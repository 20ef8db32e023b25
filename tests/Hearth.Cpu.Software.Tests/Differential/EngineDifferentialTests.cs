using Hearth.Fuzz.Forms;
using Hearth.Fuzz.Guest;
using Hearth.Fuzz.Oracle;
using Hearth.Fuzz.Runs;
using Hearth.Fuzz.State;

namespace Hearth.Cpu.Software.Tests.Differential;

/// <summary>The software engine against the host's processor: a short run; tests/Fuzz does long ones.</summary>
public sealed class EngineDifferentialTests
{
    private const ulong Seed = 1;
    private const int TestsOfAForm = 2;
    private const int Programs = 2000;

    [Theory]
    [InlineData(GuestFlavour.Long, CodeMode.Long)]
    [InlineData(GuestFlavour.Long, CodeMode.Protected32)]
    [InlineData(GuestFlavour.Long, CodeMode.Protected16)]
    [InlineData(GuestFlavour.DeviceMemory, CodeMode.Long)]
    [InlineData(GuestFlavour.DeviceMemory, CodeMode.Protected32)]
    [InlineData(GuestFlavour.DeviceMemory, CodeMode.Protected16)]
    [InlineData(GuestFlavour.Direct, CodeMode.Long)]
    [InlineData(GuestFlavour.Legacy, CodeMode.Protected32)]
    [InlineData(GuestFlavour.Legacy, CodeMode.Protected16)]
    internal void Run_every_form_does_what_the_host_does(GuestFlavour flavour, CodeMode mode)
    {
        using NativeProcessor host = Oracles.Start(mode);
        using IProcessor engine = Subjects.Create(flavour);
        var report = new RunReport();

        new FormRun(host, [engine], report).Run(FormCatalogue.All.Where(form => form.Mode == mode), TestsOfAForm, Seed, () => false);

        Assert.True(report.Failures == 0, report.ToString());
        AssertTier(flavour, engine);
    }

    [Theory]
    [InlineData(GuestFlavour.Long, CodeMode.Long)]
    [InlineData(GuestFlavour.Long, CodeMode.Protected32)]
    [InlineData(GuestFlavour.Long, CodeMode.Protected16)]
    [InlineData(GuestFlavour.DeviceMemory, CodeMode.Long)]
    [InlineData(GuestFlavour.DeviceMemory, CodeMode.Protected32)]
    [InlineData(GuestFlavour.DeviceMemory, CodeMode.Protected16)]
    [InlineData(GuestFlavour.Direct, CodeMode.Long)]
    [InlineData(GuestFlavour.Legacy, CodeMode.Protected32)]
    [InlineData(GuestFlavour.Legacy, CodeMode.Protected16)]
    internal void Run_random_programs_does_what_the_host_does(GuestFlavour flavour, CodeMode mode)
    {
        using NativeProcessor host = Oracles.Start(mode);
        using IProcessor engine = Subjects.Create(flavour);
        var report = new RunReport();

        new SequenceRun(host, [engine], report).Run(0, Programs, Seed, () => false, mode);

        Assert.True(report.Failures == 0, report.ToString());
        AssertTier(flavour, engine);
    }

    /// <summary>A guest has the descriptors that this host has; without those of 32-bit code nothing runs directly.</summary>
    private static void AssertTier(GuestFlavour flavour, IProcessor engine)
    {
        if (HostTraits.Current.HasSegment(Selectors.Code32))
            Assert.Equal(flavour == GuestFlavour.Direct, ((GuestProcessor)engine).RanDirectly);
    }
}
