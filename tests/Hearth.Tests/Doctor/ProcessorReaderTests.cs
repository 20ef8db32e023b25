using Hearth.Doctor.Facts;
using Hearth.Doctor.Reading;

namespace Hearth.Tests.Doctor;

public sealed class ProcessorReaderTests : IDisposable
{
    private readonly HostFolder _host = new();

    [Fact]
    public void Read_aDesktop_countsSocketsCoresAndThreads()
    {
        _host.With("proc/cpuinfo", string.Concat(Thread(0, 0, "svm npt"), Thread(1, 1, "svm npt"), Thread(2, 0, "svm npt"), Thread(3, 1, "svm npt")));

        ProcessorFacts processor = ProcessorReader.Read(_host.Tree);

        Assert.Equal("AMD Ryzen 5 3400G with Radeon Vega Graphics", processor.Model);
        Assert.Equal("AuthenticAMD", processor.Vendor);
        Assert.Equal((1, 2, 4), (processor.Sockets, processor.Cores, processor.Threads));
        Assert.Equal("AMD-V", processor.Virtualization);
        Assert.False(processor.IsVirtual);
        Assert.Null(processor.Note);
        Assert.Equal(["fpu", "sse4_2", "avx2", "svm", "npt"], processor.Features);
    }

    [Theory]
    [InlineData("vmx ept", "VT-x", false)]
    [InlineData("vmx hypervisor", "VT-x", true)]
    [InlineData("hypervisor", null, true)]
    [InlineData("", null, false)]
    public void Read_flags_tellOfVirtualization(string flags, string? expected, bool isVirtual)
    {
        _host.With("proc/cpuinfo", Thread(0, 0, flags));

        ProcessorFacts processor = ProcessorReader.Read(_host.Tree);

        Assert.Equal(expected, processor.Virtualization);
        Assert.Equal(isVirtual, processor.IsVirtual);
    }

    [Fact]
    public void Read_aVirtualMachineWithoutTopology_hasACoreAThread()
    {
        _host.With("proc/cpuinfo", "processor\t: 0\nvendor_id\t: GenuineIntel\n\nprocessor\t: 1\nvendor_id\t: GenuineIntel\n\n");

        ProcessorFacts processor = ProcessorReader.Read(_host.Tree);

        Assert.Equal((1, 2, 2), (processor.Sockets, processor.Cores, processor.Threads));
        Assert.Null(processor.Model);
    }

    [Fact]
    public void Read_nothing_saysSo()
    {
        Assert.Equal("nothing is known of the processor (/proc/cpuinfo is not there)", ProcessorReader.Read(_host.Tree).Note);

        _host.With("proc/cpuinfo", [0xFF, 0x00, 0x1B, 0x5B]);

        Assert.Equal("/proc/cpuinfo names no processor", ProcessorReader.Read(_host.Tree).Note);
    }

    [Fact]
    public void Read_unreadable_saysSo()
    {
        _host.WithFolder("proc/cpuinfo");

        Assert.Equal("/proc/cpuinfo is not readable", ProcessorReader.Read(_host.Tree).Note);
    }

    public void Dispose() => _host.Dispose();

    private static string Thread(int number, int core, string flags) =>
        $"""
        processor	: {number}
        vendor_id	: AuthenticAMD
        cpu family	: 23
        model		: 24
        model name	: AMD Ryzen 5 3400G with Radeon Vega Graphics    
        stepping	: 1
        cpu MHz		: 1400.000
        physical id	: 0
        siblings	: 4
        core id		: {core}
        cpu cores	: 2
        flags		: fpu sse4_2 avx2 {flags}
        bugs		: sysret_ss_attrs spectre_v1
        power management: ts ttp tm hwpstate cpb eff_freq_ro [13] [14]


        """;
}
