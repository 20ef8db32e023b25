using Hearth.Fuzz.Forms;
using Hearth.Fuzz.Oracle;
using Hearth.Fuzz.Runs;

namespace Hearth.Cpu.Software.Tests.Differential;

/// <summary>The host against itself: what differs here is not reproducible, and no engine could be blamed for it.</summary>
public sealed class HostDifferentialTests
{
    [Fact]
    public void Run_every_form_twice_gives_the_same()
    {
        using NativeProcessor first = Oracles.Start();
        using NativeProcessor second = Oracles.Start();
        var report = new RunReport();

        new FormRun(first, [second], report).Run(FormCatalogue.All, 1, seed: 7, () => false);

        Assert.True(report.Failures == 0, report.ToString());
        Assert.True(report.Tested > 5500, $"only {report.Tested} forms were compared");
    }

    [Fact]
    public void Run_random_programs_twice_gives_the_same()
    {
        using NativeProcessor first = Oracles.Start();
        using NativeProcessor second = Oracles.Start();
        var report = new RunReport();

        new SequenceRun(first, [second], report).Run(0, 1000, seed: 7, () => false);

        Assert.True(report.Failures == 0, report.ToString());
        Assert.True(report.Tests > 900, $"only {report.Tests} programs were compared");
    }
}
