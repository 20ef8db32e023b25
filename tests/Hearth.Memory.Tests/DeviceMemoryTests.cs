using Hearth.Machine;

namespace Hearth.Memory.Tests;

public sealed unsafe class DeviceMemoryTests : IDisposable
{
    private const int Mebibyte = 1 << 20;
    private const ulong Place = 0xE000_0000;

    // Not a multiple of 64 pages: device memory begins behind a gap.
    private readonly GuestRam _ram = new((16 * Mebibyte) + GuestRam.PageSize, 4 * Mebibyte);

    private DeviceMemory Device => _ram.Device!;

    public void Dispose() => _ram.Dispose();

    [Fact]
    public void Memory_isFoundWhereItIsPlaced()
    {
        Assert.True(_ram.HostAddress(Place) is null);
        Device.Place(Place);
        Device.Write(8, [1, 2, 3, 4]);

        Assert.Equal(0x04030201U, *(uint*)_ram.HostAddress(Place + 8));
        Assert.True(_ram.HostAddress(Place + (4 * Mebibyte)) is null);
        Assert.True(_ram.IsDevice(Place));
        Assert.False(_ram.IsDevice(Place - 1));

        Device.Place(null);
        Assert.True(_ram.HostAddress(Place) is null);
        Assert.Equal(0x04030201U, Device.ReadUInt32(8));
    }

    [Fact]
    public void Memory_isNoRam()
    {
        Device.Place(Place);

        Assert.False(_ram.Contains(new GuestAddress(Place), 1));
        Assert.False(_ram.TryWrite(new GuestAddress(Place), [1]));
        Assert.DoesNotContain(_ram.Slots, slot => slot.Start >= Place);
    }

    [Theory]
    [InlineData(0UL)]
    [InlineData(0x10_0000UL)]
    [InlineData(0xE010_0000UL)]
    [InlineData(0xFEC0_0000UL)]
    [InlineData(0x1_0000_0000UL)]
    [InlineData(ulong.MaxValue - 0x3F_FFFF)]
    public void Place_ofSomebodyElse_isNowhere(ulong address)
    {
        Device.Place(address);

        Assert.Null(Device.Address);
    }

    [Fact]
    public void Written_pages_areToldOnceAndRamsAreNot()
    {
        var written = Device.NewPageSet();
        Device.Place(Place);
        Device.TakeWritten(written);
        Assert.Equal(Device.PageCount, written.Count);
        written.Clear();
        _ram.TryWrite(new GuestAddress(16 * Mebibyte), [1]);

        Device.WriteByte(4096, 1);
        *_ram.HostAddress(Place + (3 * 4096)) = 7;
        _ram.NoteWrite(Place + (3 * 4096), 1);
        Device.TakeWritten(written);

        Assert.Equal(2, written.Count);
        Assert.True(written.Contains(1) && written.Contains(3));
        written.Clear();
        Device.TakeWritten(written);
        Assert.Equal(0, written.Count);
        PageSet pages = _ram.NewPageSet();
        _ram.TakeDirty(pages);
        Assert.True(pages.Contains(16 * Mebibyte / GuestRam.PageSize));
    }

    [Fact]
    public void Dirty_pagesOfRam_leaveTheDevicesAlone()
    {
        Device.Place(Place);
        Device.TakeWritten(Device.NewPageSet());
        Device.WriteByte(0, 1);

        _ram.TakeDirty(_ram.NewPageSet());

        var written = Device.NewPageSet();
        Device.TakeWritten(written);
        Assert.True(written.Contains(0));
    }

    [Fact]
    public void Flags_ofWhatWasTheDevices_areNobodys()
    {
        Device.Place(Place);
        Device.TakeWritten(Device.NewPageSet());
        Device.Place(null);
        Device.TakeWritten(Device.NewPageSet());

        _ram.SetFlags(Place + 4096, PageFlags.Dirty);
        _ram.SetFlags(0xFFFF_FFFF_F000, PageFlags.Dirty);

        var written = Device.NewPageSet();
        Device.TakeWritten(written);
        Assert.Equal(0, written.Count);
    }

    [Fact]
    public void Clear_makesZerosAndGivesMemoryBack()
    {
        Device.Write(5 * 4096, [1]);
        int page = 0;
        Assert.True(Device.TryFindUsed(ref page));
        Assert.Equal(5, page);

        Device.Clear();

        page = 0;
        Assert.False(Device.TryFindUsed(ref page));
        Assert.Equal(0, Device.ReadByte(5 * 4096));
    }

    [Fact]
    public void Access_outside_isRefused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Device.ReadByte(4 * Mebibyte));
        Assert.Throws<ArgumentOutOfRangeException>(() => Device.ReadUInt32((4 * Mebibyte) - 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => Device.Write(-1, [1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Device.Read((4 * Mebibyte) - 1, new byte[2]));
    }
}
