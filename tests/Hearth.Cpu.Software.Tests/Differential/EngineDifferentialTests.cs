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
    [InlineData(GuestFlavour.Long)]
    [InlineData(GuestFlavour.DeviceMemory)]
    [InlineData(GuestFlavour.Legacy)]
    internal void Run_every_form_does_what_the_host_does(GuestFlavour flavour)
    {
        using NativeProcessor host = Oracles.Start();
        using IProcessor engine = Subjects.Create(flavour);
        var report = new RunReport();

        new FormRun(host, [engine], report).Run(FormCatalogue.All.Where(form => engine.Supports(form.Mode)), TestsOfAForm, Seed, () => false);

        Assert.True(report.Failures == 0, report.ToString());
    }

    [Theory]
    [InlineData(GuestFlavour.Long)]
    [InlineData(GuestFlavour.DeviceMemory)]
    [InlineData(GuestFlavour.Legacy)]
    internal void Run_random_programs_does_what_the_host_does(GuestFlavour flavour)
    {
        using NativeProcessor host = Oracles.Start();
        using IProcessor engine = Subjects.Create(flavour);
        var report = new RunReport();

        new SequenceRun(host, [engine], report).Run(0, Programs, Seed, () => false);

        Assert.True(report.Failures == 0, report.ToString());
    }
}
