using Hearth.Guests.Debian;
using Hearth.Guests.Initramfs;

namespace Hearth.Guests.Tests.Initramfs;

public sealed class ModuleTreeTests
{
    [Theory]
    [InlineData("linux-image-cloud-amd64", "amd64")]
    [InlineData("linux-image-686-pae", "i386")]
    public void VirtioNetwork_resolved_followsWhatItDependsOn(string kernel, string architecture)
    {
        var tree = new ModuleTree(PackageCache.Default().FetchKernel(kernel, architecture).ModuleDirectory);

        List<string> names = [.. tree.Resolve(["virtio-pci", "virtio_net"]).Select(module => module.Name)];

        Assert.Equal(names.Distinct(), names);
        Assert.True(names.IndexOf("virtio") < names.IndexOf("virtio_pci"));
        Assert.True(names.IndexOf("virtio_ring") < names.IndexOf("virtio_pci"));
        Assert.True(names.IndexOf("virtio_pci_modern_dev") < names.IndexOf("virtio_pci"));
        Assert.True(names.IndexOf("failover") < names.IndexOf("net_failover"));
        Assert.True(names.IndexOf("net_failover") < names.IndexOf("virtio_net"));
    }

    [Fact]
    public void Module_builtIntoTheKernel_isLeftOut()
    {
        var tree = new ModuleTree(PackageCache.Default().FetchKernel("linux-image-cloud-amd64").ModuleDirectory);

        Assert.Empty(tree.Resolve(["ext4"]));
    }

    [Fact]
    public void Module_thatDoesNotExist_isNamed()
    {
        var tree = new ModuleTree(PackageCache.Default().FetchKernel("linux-image-cloud-amd64").ModuleDirectory);

        var error = Assert.Throws<GuestsException>(() => tree.Resolve(["no_such_module"]));

        Assert.Contains("no module no_such_module", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("no ELF file at all")]
    public void Module_thatIsDamaged_isNamed(string content)
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory("hearth-guests-");
        File.WriteAllText(Path.Combine(directory.FullName, "broken.ko"), content);
        var tree = new ModuleTree(directory.FullName);

        var error = Assert.Throws<GuestsException>(() => tree.Resolve(["broken"]));

        Assert.Equal("the kernel module broken is damaged", error.Message);
        directory.Delete(recursive: true);
    }
}
