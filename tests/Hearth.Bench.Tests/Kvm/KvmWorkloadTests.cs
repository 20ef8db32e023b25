using Hearth.Bench.Kvm;

namespace Hearth.Bench.Tests.Kvm;

public sealed class KvmWorkloadTests
{
    [Theory]
    [InlineData("ports", "port-write=8000\nport-read=4000\n", 2000.0, 1000.0)]
    [InlineData("idle", "asleep\nidle-ticks=30\n", 1.5)]
    [InlineData("boot", "hearth: init reached\n", 12.5)]
    [InlineData("disk", "disk0 from 1.00 to 2.00\ndisk1 from 2.00 to 4.00\ndisk2 from 5.00 to 6.00\ndisk3 from 6.00 to 10.00", 100.66, 50.33, 8.192, 2.048)]
    public void Figures_areReadFromTheConsole(string name, string console, params double[] expected)
    {
        KvmWorkload workload = KvmWorkload.All.Single(one => one.Name == name);

        IReadOnlyList<double> values = workload.Read(TimeSpan.FromSeconds(12.5), console);

        Assert.Equal(expected, values.Select(value => Math.Round(value, 3)), (one, other) => Math.Abs(one - other) < 0.01);
        Assert.Equal(workload.Figures.Count, values.Count);
    }

    [Fact]
    public void Guest_thatSaysNothing_hasNoFigures() =>
        Assert.All(KvmWorkload.All, workload => Assert.All(workload.Read(TimeSpan.FromSeconds(1), "Kernel panic"), value => Assert.True(double.IsNaN(value))));
}
