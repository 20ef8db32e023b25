using System.Diagnostics;
using Hearth.Linux;

namespace Hearth.Cpu.Kvm.Tests;

/// <summary>What is said of KVM devices that are no use, and that this host's is told within the time there is.</summary>
public sealed class KvmProbeTests
{
    [Fact]
    public void A_device_that_is_not_there_is_named()
    {
        var error = Assert.Throws<LinuxException>(() => KvmDevice.Open("/dev/no-kvm"));

        Assert.Contains("/dev/no-kvm", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_device_that_is_something_else_is_named()
    {
        var error = Assert.Throws<KvmException>(() => KvmDevice.Open("/dev/null"));

        Assert.Equal("/dev/null is not KVM", error.Message);
    }

    [Fact]
    public void This_hosts_device_is_usable_or_there_is_a_reason()
    {
        Hosts.RequireDevice();
        using KvmDevice device = KvmDevice.Open();

        long start = Stopwatch.GetTimestamp();
        KvmFinding finding = device.Probe();
        TimeSpan took = Stopwatch.GetElapsedTime(start);

        // Not how fast it is, which the host decides, but that there is an end: the patience with a guest that does not come back, and the attempts.
        Assert.InRange(took, TimeSpan.Zero, TimeSpan.FromSeconds(10));
        Assert.Equal(finding.IsUsable, finding.Reason.Length == 0);
        Assert.Equal(finding.IsUsable, finding.RoundsPerSecond >= KvmProbe.SlowestUsable);
    }

    [Theory]
    [InlineData(1_000_000)]
    [InlineData(999_900)]
    [InlineData(1_000_500)]
    [InlineData(999_000)]
    [InlineData(500_000)]
    [InlineData(2_000_000)]
    public void A_frequency_is_refused_where_KVM_does_not_take_it(uint millionths)
    {
        Hosts.RequireDevice();
        using KvmDevice device = KvmDevice.Open();
        using KvmMachine machine = device.CreateMachine();
        using KvmVcpuHandle vcpu = machine.CreateVcpu(0);
        ulong host = vcpu.TscFrequency;
        ulong asked = host / 1_000_000 * millionths;

        string? refusal = device.RefuseFrequency(asked, host);
        bool isTaken = vcpu.TrySetTscFrequency((uint)(asked / 1000));

        Assert.Equal(isTaken, refusal is null);
        Assert.Equal(isTaken, !(refusal ?? "").Contains($"at {asked / 1e6:F0} MHz", StringComparison.Ordinal));
    }
}
