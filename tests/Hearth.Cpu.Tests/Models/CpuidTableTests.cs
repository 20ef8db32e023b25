using System.Text;

namespace Hearth.Cpu.Tests;

public sealed class CpuidTableTests
{
    private const ulong Frequency = 2_599_998_000;

    public static TheoryData<string> Models => [.. CpuModel.All.Select(model => model.Name)];

    [Theory]
    [MemberData(nameof(Models))]
    public void Every_feature_of_the_model_is_shown_and_no_other(string name)
    {
        CpuModel model = CpuModel.Find(name);
        CpuidTable table = CpuidBuilder.Build(model, new CpuTopology(0, 1), Frequency, SpeculationControls.OfTranslatedCode);

        int shown = new[] { Ones(table, 1, 0, ecx: true, edx: true), Ones(table, 7, 0, ebx: true, ecx: true, edx: true), Ones(table, 7, 2, edx: true),
            Ones(table, 0x8000_0001, 0, ecx: true, edx: true), Ones(table, 0x8000_0007, 0, edx: true), Ones(table, 0xD, 1, eax: true),
            Ones(table, 0x4000_0001, 0, eax: true, ebx: true, ecx: true, edx: true) }.Sum();

        CpuFeature[] features = [.. model.Features, .. SpeculationControls.OfTranslatedCode.Features, .. CpuFeatures.Kvm];
        Assert.Equal(features.Length, shown);
        Assert.All(features, feature => Assert.Equal(1U, Bit(table, feature)));
    }

    [Fact]
    public void Vendor_interface_and_hypervisor_sign_their_leaves()
    {
        CpuidTable table = Build(0, 1);

        CpuidResult vendor = table.Lookup(0, 0);
        CpuidResult paravirtual = table.Lookup(0x4000_0000, 0);
        CpuidResult hypervisor = table.Lookup(0x4000_0100, 0);

        Assert.Equal("GenuineIntel", Text(vendor.Ebx, vendor.Edx, vendor.Ecx));
        Assert.Equal("KVMKVMKVM\0\0\0", Text(paravirtual.Ebx, paravirtual.Ecx, paravirtual.Edx));
        Assert.Equal("HearthHearth", Text(hypervisor.Ebx, hypervisor.Ecx, hypervisor.Edx));
    }

    [Fact]
    public void Brand_string_is_the_model()
    {
        CpuidTable table = Build(0, 1);

        string brand = string.Concat(Enumerable.Range(2, 3).Select(i => table.Lookup(0x8000_0000 + (uint)i, 0)).Select(
            part => Text(part.Eax, part.Ebx, part.Ecx, part.Edx)));

        Assert.Equal("Hearth x86-64-v3", brand.TrimEnd('\0'));
    }

    [Theory]
    [InlineData(2_599_998_000UL)]
    [InlineData(4_700_122_000UL)]
    [InlineData(1_000_000_000UL)]
    [InlineData(799_991_000UL)]
    public void Leaf_15_gives_linux_the_frequency_in_kilohertz(ulong frequency)
    {
        CpuidResult leaf = CpuidBuilder.Build(CpuModel.X64Version3, new CpuTopology(0, 1), frequency, SpeculationControls.OfTranslatedCode).Lookup(0x15, 0);

        // native_calibrate_tsc: all in 32 bits, rounded down to kHz.
        uint kilohertz = unchecked(leaf.Ecx / 1000 * leaf.Ebx) / leaf.Eax;

        Assert.Equal(frequency / 1000, kilohertz);
    }

    [Fact]
    public void Paravirtual_features_are_those_of_the_clock_and_of_cheap_interrupts()
    {
        CpuidTable table = Build(0, 1);

        CpuidResult features = table.Lookup(0x4000_0001, 0);

        // CLOCKSOURCE, NOP_IO_DELAY, CLOCKSOURCE2, PV_EOI, CLOCKSOURCE_STABLE_BIT; no hints.
        Assert.Equal(new CpuidResult(0x0100_004B, 0, 0, 0), features);
        Assert.Equal(0x4000_0010U, table.Lookup(0x4000_0000, 0).Eax);
        Assert.Equal(new CpuidResult((uint)(Frequency / 1000), 1_000_000, 0, 0), table.Lookup(0x4000_0010, 0));
    }

    [Fact]
    public void Hyper_v_is_alone_where_a_guest_looks_and_needs_no_hypercall()
    {
        CpuidTable table = Build(0, 1, ParavirtualInterface.HyperV);

        CpuidResult range = table.Lookup(0x4000_0000, 0);
        CpuidResult hypervisor = table.Lookup(0x4000_0100, 0);

        Assert.Equal((0x4000_0005U, "Microsoft Hv"), (range.Eax, Text(range.Ebx, range.Ecx, range.Edx)));
        Assert.Equal("Hv#1", Text(table.Lookup(0x4000_0001, 0).Eax));
        Assert.Equal(new CpuidResult(14393, 10 << 16, 0, 0), table.Lookup(0x4000_0002, 0));

        // Reference time, APIC registers, hypercall page, processor index, reference TSC, frequencies; and where the last are told.
        Assert.Equal(new CpuidResult(0x0000_0A72, 0, 0, 0x100), table.Lookup(0x4000_0003, 0));

        // APIC registers, relaxed timing; spinlocks are never told of.
        Assert.Equal(new CpuidResult(0x28, uint.MaxValue, 0, 0), table.Lookup(0x4000_0004, 0));
        Assert.Equal(new CpuidResult(255, 255, 0, 0), table.Lookup(0x4000_0005, 0));
        Assert.Equal("HearthHearth", Text(hypervisor.Ebx, hypervisor.Ecx, hypervisor.Edx));
        Assert.Equal(table.Lookup(0x16, 0), table.Lookup(0x4000_0006, 0));
        Assert.Equal(1U, Bit(table, new CpuFeature("hypervisor", 1, 0, CpuidRegister.Ecx, 31)));
    }

    [Fact]
    public void Guest_without_an_interface_sees_who_runs_it()
    {
        CpuidTable table = Build(0, 1, ParavirtualInterface.None);

        CpuidResult range = table.Lookup(0x4000_0000, 0);

        Assert.Equal((0x4000_0010U, "HearthHearth"), (range.Eax, Text(range.Ebx, range.Ecx, range.Edx)));
        Assert.Equal(default, table.Lookup(0x4000_0001, 0));
        Assert.Equal(new CpuidResult((uint)(Frequency / 1000), 1_000_000, 0, 0), table.Lookup(0x4000_0010, 0));
    }

    [Theory]
    [InlineData("kvm", ParavirtualInterface.Kvm)]
    [InlineData("hyperv", ParavirtualInterface.HyperV)]
    [InlineData("none", ParavirtualInterface.None)]
    public void Interfaces_have_names(string name, ParavirtualInterface paravirtual)
    {
        Assert.Equal((paravirtual, name), (ParavirtualNames.Find(name), ParavirtualNames.NameOf(paravirtual)));
    }

    [Fact]
    public void Interface_that_does_not_exist_is_refused_with_those_that_do()
    {
        var error = Assert.Throws<Machine.MachineException>(() => ParavirtualNames.Find("xen"));

        Assert.Equal("there is no paravirtual interface 'xen'; there are kvm, hyperv, none", error.Message);
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 1)]
    [InlineData(3, 2)]
    [InlineData(4, 2)]
    [InlineData(8, 3)]
    public void Topology_is_one_package_of_single_threaded_cores(int count, int bits)
    {
        CpuidTable table = Build(count - 1, count);

        CpuidResult threads = table.Lookup(0xB, 0);
        CpuidResult cores = table.Lookup(0xB, 1);
        CpuidResult past = table.Lookup(0xB, 2);

        Assert.Equal(new CpuidResult(0, 1, 0x100, (uint)count - 1), threads);
        Assert.Equal(new CpuidResult((uint)bits, (uint)count, 0x201, (uint)count - 1), cores);
        Assert.Equal(new CpuidResult(0, 0, 2, (uint)count - 1), past);
        Assert.Equal((uint)count - 1, table.Lookup(1, 0).Ebx >> 24);
    }

    [Theory]
    [InlineData(0x17U)]
    [InlineData(0x1234_5678U)]
    [InlineData(0x8000_0009U)]
    [InlineData(0xC000_0000U)]
    [InlineData(0x4000_0011U)]
    [InlineData(0x4000_0101U)]
    [InlineData(0x4000_0200U)]
    public void Leaf_past_its_range_answers_as_the_highest_basic_one(uint leaf)
    {
        CpuidTable table = Build(0, 1);

        Assert.Equal(table.Lookup(0x16, 0), table.Lookup(leaf, 0));
    }

    [Fact]
    public void Leaf_within_its_range_that_is_not_listed_is_zero()
    {
        CpuidTable table = Build(0, 1);

        Assert.Equal(default, table.Lookup(0xA, 0));
        Assert.Equal(default, table.Lookup(7, 1));
        Assert.Equal(default, table.Lookup(0x4000_0002, 0));
    }

    [Fact]
    public void Model_without_xsave_has_an_empty_state_leaf()
    {
        CpuidTable table = CpuidBuilder.Build(CpuModel.X64Version2, new CpuTopology(0, 1), Frequency, SpeculationControls.OfTranslatedCode);

        Assert.Equal(default, table.Lookup(0xD, 0));
        Assert.Equal(default, table.Lookup(0xD, 1));
    }

    private static CpuidTable Build(int index, int count, ParavirtualInterface paravirtual = ParavirtualInterface.Kvm) =>
        CpuidBuilder.Build(CpuModel.X64Version3, new CpuTopology(index, count), Frequency, SpeculationControls.OfTranslatedCode, paravirtual);

    private static uint Bit(CpuidTable table, CpuFeature feature)
    {
        CpuidResult result = table.Lookup(feature.Leaf, feature.Subleaf);
        uint[] registers = [result.Eax, result.Ebx, result.Ecx, result.Edx];
        return (registers[(int)feature.Register] >> feature.Bit) & 1;
    }

    private static int Ones(CpuidTable table, uint leaf, uint subleaf, bool eax = false, bool ebx = false, bool ecx = false, bool edx = false)
    {
        CpuidResult result = table.Lookup(leaf, subleaf);
        return (eax ? Ones(result.Eax) : 0) + (ebx ? Ones(result.Ebx) : 0) + (ecx ? Ones(result.Ecx) : 0) + (edx ? Ones(result.Edx) : 0);
    }

    private static int Ones(uint value) => System.Numerics.BitOperations.PopCount(value);

    private static string Text(params uint[] words) =>
        Encoding.ASCII.GetString([.. words.SelectMany(BitConverter.GetBytes)]);
}
