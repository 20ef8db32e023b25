using Hearth.Cpu;
using Hearth.Machine;
using Hearth.Vm.Boot;

namespace Hearth.Vm.Tests.Boot;

public sealed class LinuxLoaderTests
{
    private const ulong Parameters = 0x1_0000;

    [Fact]
    public void BzImage_with64BitEntry_isEnteredInLongMode()
    {
        using var fixture = new BootFixture();

        fixture.Load(TestKernels.BzImage());

        Assert.Equal(TestKernels.PreferredAddress + 0x200UL, fixture.State.Rip);
        Assert.Equal(0x8000_0011UL, fixture.State.Cr0);
        Assert.Equal(0x20UL, fixture.State.Cr4);
        Assert.Equal(0x500UL, fixture.State.Efer);
        Assert.Equal(2UL, fixture.State.Rflags);
        Assert.Equal(Parameters, fixture.State.Registers[6]);
        Assert.Equal(new SegmentRegister(0x10, 0, uint.MaxValue, 0xA9B), fixture.State[SegmentName.CS]);
        Assert.Equal(new SegmentRegister(0x18, 0, uint.MaxValue, 0xC93), fixture.State[SegmentName.SS]);
    }

    [Theory]
    [InlineData(0UL)]
    [InlineData(0x0123_4567UL)]
    [InlineData(0xFEDC_BA98UL)]
    public void BzImage_in64BitMode_mapsTheFirst4GiBOneToOne(ulong address)
    {
        using var fixture = new BootFixture();

        fixture.Load(TestKernels.BzImage());

        ulong pointers = fixture.UInt64(fixture.State.Cr3) & ~0xFFFUL;
        ulong directory = fixture.UInt64(pointers + ((address >> 30) * 8)) & ~0xFFFUL;
        ulong entry = fixture.UInt64(directory + (((address >> 21) & 511) * 8));
        Assert.Equal((address & ~0x1F_FFFFUL) | 0x83, entry);
    }

    [Fact]
    public void BzImage_descriptorTable_holdsTheLoadedSegments()
    {
        using var fixture = new BootFixture();

        fixture.Load(TestKernels.BzImage());

        Assert.Equal(0x00AF_9B00_0000_FFFFUL, fixture.UInt64(fixture.State.Gdtr.Base + 0x10));
        Assert.Equal(0x00CF_9300_0000_FFFFUL, fixture.UInt64(fixture.State.Gdtr.Base + 0x18));
    }

    [Fact]
    public void BzImage_forAModelWithoutLongMode_isEnteredBy32BitProtocol()
    {
        using var fixture = new BootFixture();

        fixture.Load(new BootRequest { Kernel = BootFixture.Image("kernel", TestKernels.BzImage()), LongMode = false });

        Assert.Equal(TestKernels.PreferredAddress, fixture.State.Rip);
        Assert.Equal(0x11UL, fixture.State.Cr0);
        Assert.Equal(0UL, fixture.State.Efer);
        Assert.Equal((ushort)0xC9B, fixture.State[SegmentName.CS].Attributes);
        Assert.Equal(Parameters, fixture.State.Registers[6]);
    }

    [Fact]
    public void BzImage_loaded_tellsTheKernelWhatItNeeds()
    {
        using var fixture = new BootFixture();
        byte[] initrd = [.. Enumerable.Range(0, 5000).Select(i => (byte)i)];

        fixture.Load(new BootRequest
        {
            Kernel = BootFixture.Image("kernel", TestKernels.BzImage()),
            Initrd = BootFixture.Image("initrd", initrd),
            CommandLine = "console=ttyS0 grüße",
            AcpiRootPointer = 0xE_1230,
        });

        uint start = fixture.UInt32(Parameters + 0x218);
        Assert.Equal(initrd, fixture.Bytes(start, initrd.Length));
        Assert.Equal(5000U, fixture.UInt32(Parameters + 0x21C));
        Assert.Equal((64U << 20) - 8192, start);
        Assert.Equal("console=ttyS0 grüße", fixture.Text(fixture.UInt32(Parameters + 0x228)));
        Assert.Equal(0xE_1230UL, fixture.UInt64(Parameters + 0x70));
        Assert.Equal(TestKernels.PreferredAddress, fixture.UInt32(Parameters + 0x214));
        Assert.Equal("HdrS"u8.ToArray(), fixture.Bytes(Parameters + 0x202, 4));
        Assert.Equal(0xFF, fixture.Bytes(Parameters + 0x210, 1)[0]);
        Assert.Equal(Enumerable.Repeat((byte)0xA5, 4096), fixture.Bytes(TestKernels.PreferredAddress, 4096));
    }

    [Theory]
    [InlineData(64UL << 20, new ulong[] { 0, 0xA_0000, 1, 0xA_0000, 0x6_0000, 2, 0x10_0000, 0x3F0_0000, 1 })]
    [InlineData(5UL << 30, new ulong[] { 0, 0xA_0000, 1, 0xA_0000, 0x6_0000, 2, 0x10_0000, 0xBFF0_0000, 1, 0x1_0000_0000, 0x8000_0000, 1 })]
    public void MemoryMap_ofRam_namesEveryPiece(ulong memory, ulong[] expected)
    {
        using var fixture = new BootFixture(memory);

        fixture.Load(TestKernels.BzImage());

        int count = fixture.Bytes(Parameters + 0x1E8, 1)[0];
        IEnumerable<ulong> map = Enumerable.Range(0, count).Select(i => Parameters + 0x2D0 + ((ulong)i * 20))
            .SelectMany(at => new[] { fixture.UInt64(at), fixture.UInt64(at + 8), fixture.UInt32(at + 16) });
        Assert.Equal(expected, map);
    }

    [Fact]
    public void Initrd_withALowLimit_staysBelowIt()
    {
        using var fixture = new BootFixture();
        byte[] kernel = TestKernels.BzImage();
        TestKernels.Put32(kernel, 0x22C, 0x00FF_FFFF);

        fixture.Load(new BootRequest { Kernel = BootFixture.Image("kernel", kernel), Initrd = BootFixture.Image("initrd", new byte[4096]) });

        Assert.Equal(0x00FF_F000U, fixture.UInt32(Parameters + 0x218));
    }

    [Fact]
    public void Initrd_whereTheKernelIs_goesBelowTheKernel()
    {
        using var fixture = new BootFixture(TestKernels.PreferredAddress + TestKernels.InitialSize);

        fixture.Load(new BootRequest
        {
            Kernel = BootFixture.Image("kernel", TestKernels.BzImage()),
            Initrd = BootFixture.Image("initrd", new byte[4096]),
        });

        Assert.Equal(TestKernels.PreferredAddress - 4096, fixture.UInt32(Parameters + 0x218));
    }

    [Fact]
    public void Initrd_largerThanWhatIsLeft_isRefused()
    {
        using var fixture = new BootFixture(32 << 20);
        var request = new BootRequest
        {
            Kernel = BootFixture.Image("kernel", TestKernels.BzImage()),
            Initrd = BootFixture.Image("initrd.img", new byte[20 << 20]),
        };

        var error = Assert.Throws<MachineException>(() => fixture.Load(request));

        Assert.Equal("initrd.img (20 MiB) does not fit beside the kernel into the guest's 32 MiB of memory", error.Message);
    }

    [Fact]
    public void CommandLine_longerThanTheKernelReads_isRefused()
    {
        using var fixture = new BootFixture();
        var request = new BootRequest { Kernel = BootFixture.Image("vmlinuz", TestKernels.BzImage()), CommandLine = new string('x', 2048) };

        var error = Assert.Throws<MachineException>(() => fixture.Load(request));

        Assert.Equal("the command line has 2048 bytes; vmlinuz takes 2047", error.Message);
    }

    [Fact]
    public void Memory_tooSmallForTheKernel_isRefused()
    {
        using var fixture = new BootFixture(16 << 20);

        var error = Assert.Throws<MachineException>(() => fixture.Load(TestKernels.BzImage()));

        Assert.Equal("kernel needs 2 MiB of memory at 0x1000000 to start, 18 MiB in all; the guest has 16 MiB", error.Message);
    }

    [Fact]
    public void Modules_forABzImage_areRefused()
    {
        using var fixture = new BootFixture();
        var request = new BootRequest
        {
            Kernel = BootFixture.Image("vmlinuz", TestKernels.BzImage()),
            Modules = [new BootModule(BootFixture.Image("extra", [1]), "extra")],
        };

        var error = Assert.Throws<MachineException>(() => fixture.Load(request));

        Assert.Equal("vmlinuz is a bzImage, and a bzImage takes an initrd but no modules", error.Message);
    }

    [Theory]
    [InlineData(0x210)]
    [InlineData(0x28F)]
    [InlineData(TestKernels.SetupLength)]
    [InlineData(TestKernels.SetupLength + 4080)]
    public void BzImage_cutOff_isRefused(int length)
    {
        using var fixture = new BootFixture();

        var error = Assert.Throws<MachineException>(() => fixture.Load(TestKernels.BzImage()[..length]));

        Assert.Equal("kernel is truncated", error.Message);
    }

    [Theory]
    [InlineData(0x206, 0x0204_0000U >> 16, "kernel speaks Linux boot protocol 2.04; Hearth needs 2.05 and a bzImage")]
    [InlineData(0x1F4, 0U, "kernel is damaged: its setup header says the kernel is empty")]
    [InlineData(0x1F4, 0xFFFF_FFFFU, "kernel is truncated")]
    [InlineData(0x230, 0x30_0000U, "kernel is damaged: its alignment is 0x300000")]
    [InlineData(0x25C, 0xFFFF_FFFFU, "kernel needs 2 MiB of memory at 0xffffffff01000000 to start, 17592186040338 MiB in all; the guest has 64 MiB")]
    [InlineData(0x260, 0xFFFF_FFFFU, "kernel needs 4096 MiB of memory at 0x1000000 to start, 4112 MiB in all; the guest has 64 MiB")]
    public void BzImage_withAHeaderThatLies_isRefused(int offset, uint value, string expected)
    {
        using var fixture = new BootFixture();
        byte[] kernel = TestKernels.BzImage();
        TestKernels.Put32(kernel, offset, value);

        var error = Assert.Throws<MachineException>(() => fixture.Load(kernel));

        Assert.Equal(expected, error.Message);
    }

    [Fact]
    public void BzImage_withRandomHeaders_neverFailsOtherwiseThanInOneSentence()
    {
        var random = new Random(20240229);
        using var fixture = new BootFixture(32 << 20);
        var failures = new List<Exception>();
        for (int i = 0; i < 2000; i++)
        {
            byte[] kernel = TestKernels.BzImage();
            for (int change = 0; change < 4; change++)
                kernel[random.Next(0x206, 0x268)] = (byte)random.Next(256);
            Exception? error = Record.Exception(() => fixture.Load(kernel));
            failures.AddRange(new[] { error }.OfType<Exception>().Where(found => found is not MachineException));
        }

        Assert.Empty(failures);
    }
}
