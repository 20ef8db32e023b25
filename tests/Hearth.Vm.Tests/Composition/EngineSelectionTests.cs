using Hearth.Cpu.Software;
using Hearth.Linux;
using Hearth.Protocol;
using Hearth.Vm.Composition;

namespace Hearth.Vm.Tests.Composition;

public sealed class EngineSelectionTests
{
    private const string Device = "/dev/kvm";

    /// <summary>With any other frequency than its own measure the software engine converts every reading of the counter.</summary>
    [Fact]
    public void Choose_whereKvmIsTriedAndRefused_keepsTheSoftwareEnginesMeasureOfTheCounter()
    {
        Assert.SkipUnless(File.Exists(Device), $"{Device} is not there");
        FileDescriptor device = FileDescriptor.Open(Device, FileAccessMode.ReadWrite);
        var configuration = new GuestConfiguration { Engine = "auto", Memory = 64 << 20, Kvm = new OpenFile(device.Number, Device) };

        EngineOptions options = EngineSelection.Choose(configuration, saved: null);

        options.Kvm?.Dispose();
        Assert.SkipUnless(options.Kvm is null, "this host's KVM is of use");
        Assert.Equal(SoftwareCpuEngine.HostTscFrequency, options.TscFrequency);
    }
}
