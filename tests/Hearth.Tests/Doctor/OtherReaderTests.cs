using Hearth.Doctor.Facts;
using Hearth.Doctor.Reading;

namespace Hearth.Tests.Doctor;

/// <summary>IOMMU, network, versions, and what every reader is made of.</summary>
public sealed class OtherReaderTests : IDisposable
{
    private readonly HostFolder _host = new();

    [Fact]
    public void Virtualization_iommuOn_countsGroups()
    {
        _host.WithFolder("sys/module/kvm").WithFolder("sys/module/kvm_intel").WithFolder("sys/module/kvmgt").WithFolder("sys/class/iommu/dmar0").WithFolder("sys/class/iommu/dmar1")
            .WithFolder("sys/kernel/iommu_groups/0").WithFolder("sys/kernel/iommu_groups/1").WithFolder("sys/kernel/iommu_groups/12");

        VirtualizationFacts virtualization = VirtualizationReader.Read(_host.Tree);

        Assert.Equal(["kvm", "kvm_intel"], virtualization.KvmModules);
        Assert.Equal(["dmar0", "dmar1"], virtualization.Iommus);
        Assert.Equal(3, virtualization.IommuGroups);
    }

    [Fact]
    public void Virtualization_nothing_isEmpty()
    {
        VirtualizationFacts virtualization = VirtualizationReader.Read(_host.Tree);

        Assert.Empty(virtualization.KvmModules);
        Assert.Empty(virtualization.Iommus);
        Assert.Equal(0, virtualization.IommuGroups);
    }

    [Fact]
    public void Network_interfaces_haveStateAndDriver()
    {
        _host.With("sys/class/net/lo/operstate", "unknown\n").With("sys/class/net/enp3s0/operstate", "up\n").With("sys/class/net/bonding_masters", "\n")
            .WithLink("sys/class/net/enp3s0/device/driver", "../../../../../bus/pci/drivers/r8169").With("sys/class/net/wg0/operstate", "down\n");

        NetworkFacts network = NetworkReader.Read(_host.Tree, passt: null);

        Assert.Equal([new NetworkInterface("enp3s0", "up", "r8169"), new NetworkInterface("wg0", "down", null)], network.Interfaces);
        Assert.Null(network.Passt);
        Assert.Contains("apt-get install passt", network.PasstProblem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("passt 0.0~git20230309.7c7625d-1\nCopyright Red Hat\n", "0.0~git20230309.7c7625d-1")]
    [InlineData("passt unknown version\n", "unknown version")]
    [InlineData("something else", "something else")]
    [InlineData("", "")]
    public void Network_versionOfPasst_isItsFirstLine(string output, string expected) => Assert.Equal(expected, NetworkReader.Version(output));

    [Fact]
    public void Network_passtThatDoesNotStart_isAFinding()
    {
        NetworkFacts network = NetworkReader.Read(_host.Tree, "/nonexistent/passt");

        Assert.Equal(("/nonexistent/passt", null), (network.Passt, network.PasstVersion));
        Assert.Equal("cannot start /nonexistent/passt: No such file or directory", network.PasstProblem);
    }

    [Theory]
    [InlineData("PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\n", "Debian GNU/Linux 12 (bookworm)")]
    [InlineData("NAME=x\nPRETTY_NAME='Arch Linux'\n", "Arch Linux")]
    [InlineData("NAME=x\n", null)]
    public void Versions_distribution_isItsPrettyName(string text, string? expected)
    {
        _host.With("usr/lib/os-release", text).With("proc/sys/kernel/osrelease", "6.1.0-21-amd64\n");

        VersionFacts versions = VersionReader.Read(_host.Tree);

        Assert.Equal(expected, versions.Distribution);
        Assert.Equal("6.1.0-21-amd64", versions.Kernel);
        Assert.NotEmpty(versions.Hearth);
        Assert.StartsWith(".NET 10", versions.Runtime, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("  tab\there ", "tab here")]
    [InlineData("Ünïcode 🎮 ™", "Ünïcode 🎮 ™")]
    [InlineData("\u001B[2J", "\uFFFD[2J")]
    public void PrintableText_movesNothing(string text, string expected) => Assert.Equal(expected, PrintableText.Clean(text, 100));

    [Fact]
    public void PrintableText_halfACharacter_isReplaced() => Assert.Equal("a\uFFFDb", PrintableText.Clean("a\uD800b", 100));

    [Fact]
    public void Tree_unreadable_isExplained()
    {
        _host.WithFolder("sys/file").WithUnreadable("sys/loop");

        Assert.Null(_host.Tree.ReadLines("sys/file"));
        Assert.Null(_host.Tree.ReadValue("sys/loop"));
        Assert.Empty(_host.Tree.List("sys/loop"));
        Assert.Empty(_host.Tree.List("sys/none"));
        Assert.Null(_host.Tree.LinkName("sys/file"));
        Assert.Equal("/sys/file is not readable", _host.Tree.Explain("sys/file", "there is none"));
        Assert.Equal("there is none (/sys/none is not there)", _host.Tree.Explain("sys/none", "there is none"));
    }

    public void Dispose() => _host.Dispose();
}
