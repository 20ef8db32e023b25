using Hearth.Machine;
using Hearth.Vm.Boot;

namespace Hearth.Vm.Tests.Boot;

public sealed class MultibootLoaderTests
{
    [Fact]
    public void MultibootElf_loaded_isEnteredAtItsPhysicalEntry()
    {
        using var fixture = new BootFixture();

        fixture.Load(TestKernels.Elf32(TestKernels.MultibootHeader(3)));

        Assert.Equal(TestKernels.LoadAddress + 0x10UL, fixture.State.Rip);
        Assert.Equal(0x2BAD_B002UL, fixture.State.Registers[0]);
        Assert.Equal(0x11UL, fixture.State.Cr0);
    }

    [Fact]
    public void MultibootElf_loaded_tellsTheKernelWhatItNeeds()
    {
        using var fixture = new BootFixture();

        fixture.Load(new BootRequest
        {
            Kernel = BootFixture.Image("kernel", TestKernels.Elf32(TestKernels.MultibootHeader(3))),
            Modules =
            [
                new BootModule(BootFixture.Image("one", [1, 2, 3]), "one first"),
                new BootModule(BootFixture.Image("two", [4, 5]), "two"),
            ],
            CommandLine = "verbose",
        });

        ulong info = fixture.State.Registers[3];
        ulong modules = fixture.UInt32(info + 24);
        ulong map = fixture.UInt32(info + 48);
        Assert.Equal(0x24DU, fixture.UInt32(info));
        Assert.Equal(640U, fixture.UInt32(info + 4));
        Assert.Equal(63U * 1024, fixture.UInt32(info + 8));
        Assert.Equal("verbose", fixture.Text(fixture.UInt32(info + 16)));
        Assert.Equal("Hearth", fixture.Text(fixture.UInt32(info + 64)));
        Assert.Equal(2U, fixture.UInt32(info + 20));
        Assert.Equal([1, 2, 3], fixture.Bytes(fixture.UInt32(modules), 3));
        Assert.Equal(fixture.UInt32(modules) + 3, fixture.UInt32(modules + 4));
        Assert.Equal(0U, fixture.UInt32(modules) % 4096);
        Assert.Equal("one first", fixture.Text(fixture.UInt32(modules + 8)));
        Assert.Equal([4, 5], fixture.Bytes(fixture.UInt32(modules + 16), 2));
        Assert.Equal(3U * 24, fixture.UInt32(info + 44));
        Assert.Equal(20U, fixture.UInt32(map));
        Assert.Equal(0xA_0000UL, fixture.UInt64(map + 12));
        Assert.Equal(new byte[28], fixture.Bytes(info + 88, 28));
    }

    [Fact]
    public void MultibootFlat_loaded_followsItsAddressFields()
    {
        using var fixture = new BootFixture();
        fixture.Ram.TryWrite(new GuestAddress(TestKernels.LoadAddress + 300), new byte[] { 9 });

        fixture.Load(TestKernels.MultibootFlat());

        Assert.Equal(TestKernels.LoadAddress + 64UL, fixture.State.Rip);
        Assert.Equal(TestKernels.MultibootFlat(), fixture.Bytes(TestKernels.LoadAddress, 256));
        Assert.Equal(new byte[128], fixture.Bytes(TestKernels.LoadAddress + 256, 128));
    }

    [Fact]
    public void ElfWithBothEntries_isStartedAsMultiboot()
    {
        using var fixture = new BootFixture();
        byte[] kernel = TestKernels.Pvh();
        TestKernels.MultibootHeader(3).CopyTo(kernel, 320);

        fixture.Load(kernel);

        Assert.Equal(0x2BAD_B002UL, fixture.State.Registers[0]);
    }

    [Fact]
    public void Multiboot_withUnknownRequirements_isRefused()
    {
        using var fixture = new BootFixture();
        byte[] kernel = TestKernels.MultibootFlat();
        TestKernels.MultibootHeader((1 << 16) | 8).CopyTo(kernel, 16);

        var error = Assert.Throws<MachineException>(() => fixture.Load(kernel));

        Assert.Equal("kernel requires multiboot features 0x8, which Hearth does not have", error.Message);
    }

    [Theory]
    [InlineData(32, 0x20_0000U, "kernel is damaged: its multiboot header at 0x100010 lies before what is loaded at 0x200000")]
    [InlineData(36, 0x0F_0000U, "kernel is damaged: its multiboot load end 0xf0000 lies before its start")]
    [InlineData(36, 0x20_0000U, "kernel is truncated")]
    [InlineData(40, 0xFFFF_0000U, "kernel wants 4095 MiB at 0x100000, which is not free in the guest's 64 MiB of memory")]
    public void MultibootFlat_withFieldsThatLie_isRefused(int offset, uint value, string expected)
    {
        using var fixture = new BootFixture();
        byte[] kernel = TestKernels.MultibootFlat();
        TestKernels.Put32(kernel, offset, value);

        var error = Assert.Throws<MachineException>(() => fixture.Load(kernel));

        Assert.Equal(expected, error.Message);
    }

    [Fact]
    public void MultibootElf_of64Bit_isRefused()
    {
        using var fixture = new BootFixture();
        var kernel = new byte[512];
        "\u007FELF\u0002\u0001"u8.CopyTo(kernel);
        kernel[18] = 62;
        TestKernels.MultibootHeader(3).CopyTo(kernel, 256);

        var error = Assert.Throws<MachineException>(() => fixture.Load(kernel));

        Assert.Equal("kernel is a 64-bit multiboot kernel; multiboot 1 starts 32-bit ones", error.Message);
    }

    [Theory]
    [InlineData(0, "kernel is empty")]
    [InlineData(100, "kernel is no kernel: it is neither a bzImage nor a PVH or multiboot kernel")]
    [InlineData(10000, "kernel is no kernel: it is neither a bzImage nor a PVH or multiboot kernel")]
    public void File_thatIsNoKernel_isRefused(int length, string expected)
    {
        using var fixture = new BootFixture();

        var error = Assert.Throws<MachineException>(() => fixture.Load(new byte[length]));

        Assert.Equal(expected, error.Message);
    }

    [Fact]
    public void Strings_longerThanTheirArea_areRefused()
    {
        using var fixture = new BootFixture();
        var request = new BootRequest
        {
            Kernel = BootFixture.Image("kernel", TestKernels.MultibootFlat()),
            CommandLine = new string('x', 70_000),
        };

        var error = Assert.Throws<MachineException>(() => fixture.Load(request));

        Assert.Equal("the command line and module strings for kernel are longer than 64 KiB", error.Message);
    }
}
