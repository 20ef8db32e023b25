namespace Hearth.Cpu.Kvm.Tests;

/// <summary>What is said of KVM devices that are no use, and that this host's is told within the time there is.</summary>
public sealed class KvmProbeTests
{
    [Fact]
    public void A_device_that_is_not_there_is_named()
    {
        KvmFinding finding = KvmProbe.Run("/dev/no-kvm");

        Assert.False(finding.IsUsable);
        Assert.StartsWith("/dev/no-kvm is not there", finding.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_device_that_is_something_else_is_named()
    {
        KvmFinding finding = KvmProbe.Run("/dev/null");

        Assert.Equal(new KvmFinding(false, 0, "/dev/null is not KVM"), finding);
    }

    [Fact]
    public void This_hosts_device_is_usable_or_there_is_a_reason()
    {
        Hosts.RequireDevice();

        KvmFinding finding = KvmProbe.Run();

        Assert.Equal(finding.IsUsable, finding.Reason.Length == 0);
        Assert.Equal(finding.IsUsable, finding.RoundsPerSecond >= KvmProbe.SlowestUsable);
    }
}
