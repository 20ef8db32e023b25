using Hearth.Fuzz.Forms;
using Hearth.Fuzz.Oracle;
using Hearth.Fuzz.Runs;
using Hearth.Fuzz.State;

namespace Hearth.Cpu.Software.Tests.Differential;

/// <summary>The host against itself: what differs here is not reproducible, and no engine could be blamed for it.</summary>
public sealed class HostDifferentialTests
{
    [Theory]
    [InlineData(CodeMode.Long)]
    [InlineData(CodeMode.Protected32)]
    [InlineData(CodeMode.Protected16)]
    internal void Run_every_form_twice_gives_the_same(CodeMode mode)
    {
        using NativeProcessor first = Oracles.Start(mode);
        using NativeProcessor second = Oracles.Start(mode);
        Form[] forms = [.. FormCatalogue.All.Where(form => form.Mode == mode)];
        var report = new RunReport();

        new FormRun(first, [second], report).Run(forms, 1, seed: 7, () => false);

        Assert.True(report.Failures == 0, report.ToString());
        Assert.True(report.Tested > forms.Length * 9 / 10, $"only {report.Tested} of {forms.Length} forms were compared");
    }

    [Theory]
    [InlineData(CodeMode.Long)]
    [InlineData(CodeMode.Protected32)]
    [InlineData(CodeMode.Protected16)]
    internal void Run_random_programs_twice_gives_the_same(CodeMode mode)
    {
        using NativeProcessor first = Oracles.Start(mode);
        using NativeProcessor second = Oracles.Start(mode);
        var report = new RunReport();

        new SequenceRun(first, [second], report).Run(0, 1000, seed: 7, () => false, mode);

        Assert.True(report.Failures == 0, report.ToString());
        Assert.True(report.Tests > 9 * (report.LeftOut + report.Inconclusive), $"too few programs were compared: {report}");
    }
}
