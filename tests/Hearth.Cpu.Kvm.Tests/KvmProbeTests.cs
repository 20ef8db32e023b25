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

        KvmFinding finding = device.Probe();

        Assert.Equal(finding.IsUsable, finding.Reason.Length == 0);
        Assert.Equal(finding.IsUsable, finding.RoundsPerSecond >= KvmProbe.SlowestUsable);
    }
}
