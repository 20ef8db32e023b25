using Hearth.Cpu;
using Hearth.Machine;
using Hearth.Vm.Boot;

namespace Hearth.Vm.Tests.Boot;

public sealed class PvhLoaderTests
{
    [Fact]
    public void Pvh_loaded_isEnteredAtItsNoteIn32BitMode()
    {
        using var fixture = new BootFixture();

        fixture.Load(TestKernels.Pvh());

        Assert.Equal(TestKernels.LoadAddress + 0x20UL, fixture.State.Rip);
        Assert.Equal(0x11UL, fixture.State.Cr0);
        Assert.Equal(new SegmentRegister(0x20, 0, 0x67, 0x8B), fixture.State[SegmentName.Tr]);
        Assert.Equal(TestKernels.Pvh()[256..512], fixture.Bytes(TestKernels.LoadAddress, 256));
    }

    [Fact]
    public void Pvh_afterAnEarlierBoot_findsItsZeros()
    {
        using var fixture = new BootFixture();
        fixture.Ram.TryWrite(new GuestAddress(TestKernels.LoadAddress + 300), new byte[] { 1, 2, 3 });

        fixture.Load(TestKernels.Pvh());

        Assert.Equal(new byte[256], fixture.Bytes(TestKernels.LoadAddress + 256, 256));
    }

    [Fact]
    public void Pvh_loaded_tellsTheKernelWhatItNeeds()
    {
        using var fixture = new BootFixture();

        fixture.Load(new BootRequest
        {
            Kernel = BootFixture.Image("vmlinux", TestKernels.Pvh()),
            Initrd = BootFixture.Image("initrd", [1, 2, 3]),
            Modules = [new BootModule(BootFixture.Image("extra", [4, 5]), "extra a b")],
            CommandLine = "console=ttyS0",
            AcpiRootPointer = 0xE_0000,
        });

        ulong info = fixture.State.Registers[3];
        ulong modules = fixture.UInt64(info + 16);
        ulong map = fixture.UInt64(info + 40);
        Assert.Equal(0x336E_C578U, fixture.UInt32(info));
        Assert.Equal(1U, fixture.UInt32(info + 4));
        Assert.Equal(2U, fixture.UInt32(info + 12));
        Assert.Equal("console=ttyS0", fixture.Text(fixture.UInt64(info + 24)));
        Assert.Equal(0xE_0000UL, fixture.UInt64(info + 32));
        Assert.Equal(3U, fixture.UInt32(info + 48));
        Assert.Equal([1, 2, 3], fixture.Bytes(fixture.UInt64(modules), 3));
        Assert.Equal(2UL, fixture.UInt64(modules + 40));
        Assert.Equal([4, 5], fixture.Bytes(fixture.UInt64(modules + 32), 2));
        Assert.Equal("extra a b", fixture.Text(fixture.UInt64(modules + 48)));
        Assert.Equal([0UL, 0xA_0000UL, 1UL], [fixture.UInt64(map), fixture.UInt64(map + 8), fixture.UInt64(map + 16)]);
    }

    [Theory]
    [InlineData(20, "kernel is truncated")]
    [InlineData(100, "kernel is truncated")]
    [InlineData(400, "kernel is truncated")]
    public void Elf_cutOff_isRefused(int length, string expected)
    {
        using var fixture = new BootFixture();

        var error = Assert.Throws<MachineException>(() => fixture.Load(TestKernels.Pvh()[..length]));

        Assert.Equal(expected, error.Message);
    }

    [Theory]
    [InlineData(4, 0x0101_0109U, "kernel is an ELF file, but no x86 executable")]
    [InlineData(16, 0x00B7_0002U, "kernel is an ELF file, but no x86 executable")]
    [InlineData(44, 0xFFFFU, "kernel is damaged: it has 65535 program headers of 32 bytes")]
    [InlineData(42, 0x0002_0001U, "kernel is damaged: it has 2 program headers of 1 bytes")]
    [InlineData(28, 0xFFFF_FFF0U, "kernel is truncated")]
    [InlineData(56, 0xFFFF_FFFFU, "kernel is truncated")]
    [InlineData(72, 8U, "kernel is damaged: segment 0 is longer in the file than in memory")]
    [InlineData(64, 0xFFFF_FF00U, "kernel wants 1 KiB at 0xffffff00, which is not free in the guest's 64 MiB of memory")]
    [InlineData(64, 0x1000U, "kernel wants 1 KiB at 0x1000, which is not free in the guest's 64 MiB of memory")]
    [InlineData(52, 0U, "kernel is damaged: it has nothing to load")]
    [InlineData(84, 0U, "kernel is an ELF file with neither a PVH nor a multiboot entry")]
    public void Elf_withAHeaderThatLies_isRefused(int offset, uint value, string expected)
    {
        using var fixture = new BootFixture();
        byte[] kernel = TestKernels.Pvh();
        TestKernels.Put32(kernel, offset, value);

        var error = Assert.Throws<MachineException>(() => fixture.Load(kernel));

        Assert.Equal(expected, error.Message);
    }

    [Fact]
    public void Module_largerThanMemory_isRefused()
    {
        using var fixture = new BootFixture(4 << 20);
        var request = new BootRequest
        {
            Kernel = BootFixture.Image("vmlinux", TestKernels.Pvh()),
            Initrd = BootFixture.Image("initrd", new byte[3 << 20]),
        };

        var error = Assert.Throws<MachineException>(() => fixture.Load(request));

        Assert.Equal("initrd (3 MiB) does not fit beside the kernel into the guest's 4 MiB of memory", error.Message);
    }

    [Fact]
    public void Elf_withRandomHeaders_neverFailsOtherwiseThanInOneSentence()
    {
        var random = new Random(7);
        using var fixture = new BootFixture(4 << 20);
        var failures = new List<Exception>();
        for (int i = 0; i < 5000; i++)
        {
            byte[] kernel = TestKernels.Pvh();
            for (int change = 0; change < 3; change++)
                kernel[random.Next(4, 320)] = (byte)random.Next(256);
            Exception? error = Record.Exception(() => fixture.Load(kernel));
            failures.AddRange(new[] { error }.OfType<Exception>().Where(found => found is not MachineException));
        }

        Assert.Empty(failures);
    }
}
