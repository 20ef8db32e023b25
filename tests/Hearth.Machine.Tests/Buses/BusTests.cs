using Hearth.Testing;

namespace Hearth.Machine.Tests.Buses;

public sealed class BusTests
{
    private readonly Bus _bus = new("memory", Bus.MemorySpace);
    private readonly RegisterFile _device = new(0x1122_3344_5566_7788);

    [Theory]
    [InlineData(AccessWidth.Byte, 0xFFUL)]
    [InlineData(AccessWidth.Word, 0xFFFFUL)]
    [InlineData(AccessWidth.Dword, 0xFFFF_FFFFUL)]
    [InlineData(AccessWidth.Qword, ulong.MaxValue)]
    public void Read_OfNothing_GivesAllOnesAndIsCounted(AccessWidth width, ulong expected)
    {
        ulong value = _bus.Read(0x1000, width);

        Assert.Equal(expected, value);
        Assert.Equal(1, _bus.UnclaimedReads);
    }

    [Fact]
    public void Write_ToNothing_IsLostAndCounted()
    {
        _bus.Write(0x1000, AccessWidth.Dword, 1);

        Assert.Equal(1, _bus.UnclaimedWrites);
    }

    [Fact]
    public void Read_OfMappedDevice_GivesOffsetAndMaskedValue()
    {
        _bus.Map(new AddressRange(0x1000, 0x100), _device);

        ulong value = _bus.Read(0x1010, AccessWidth.Word);

        Assert.Equal(0x7788UL, value);
        Assert.Equal(0x10UL, _device.LastOffset);
    }

    [Fact]
    public void Write_ToMappedDevice_MasksTheValue()
    {
        _bus.Map(new AddressRange(0x1000, 0x100), _device);

        _bus.Write(0x10FF, AccessWidth.Byte, 0x1234);

        Assert.Equal(0xFFUL, _device.LastOffset);
        Assert.Equal(0x34UL, _device.LastValue);
    }

    [Fact]
    public void Access_StraddlingTheEnd_ReachesNoDevice()
    {
        _bus.Map(new AddressRange(0x1000, 0x100), _device);
        _bus.Map(new AddressRange(0x1100, 0x100), _device);

        ulong value = _bus.Read(0x10FE, AccessWidth.Dword);
        _bus.Write(0x10FF, AccessWidth.Word, 0);

        Assert.Equal(0xFFFF_FFFFUL, value);
        Assert.Equal(0, _device.Writes);
        Assert.Equal(1, _bus.UnclaimedWrites);
    }

    [Fact]
    public void Access_StraddlingTheStart_ReachesNoDevice()
    {
        _bus.Map(new AddressRange(0x1000, 0x100), _device);

        Assert.Equal(0xFFFFUL, _bus.Read(0xFFF, AccessWidth.Word));
    }

    [Theory]
    [InlineData(0x1000UL, 0UL)]
    [InlineData(Bus.MemorySpace, 1UL)]
    [InlineData(Bus.MemorySpace - 1, 2UL)]
    [InlineData(1UL, ulong.MaxValue)]
    public void Map_OfEmptyOrOutsideRange_Throws(ulong start, ulong length)
    {
        Assert.Throws<MachineException>(() => _bus.Map(new AddressRange(start, length), _device));
        Assert.Throws<MachineException>(() => _bus.MapOverlay(new AddressRange(start, length), _device, 1));
    }

    [Theory]
    [InlineData(0xFFFUL, 2UL)]
    [InlineData(0x10FFUL, 1UL)]
    [InlineData(0x1010UL, 4UL)]
    [InlineData(0UL, 0x10000UL)]
    public void Map_OverMapped_Throws(ulong start, ulong length)
    {
        _bus.Map(new AddressRange(0x1000, 0x100), _device);

        Assert.Throws<MachineException>(() => _bus.Map(new AddressRange(start, length), _device));
    }

    [Fact]
    public void Map_OfLastByte_IsReached()
    {
        _bus.Map(new AddressRange(Bus.MemorySpace - 1, 1), _device);

        Assert.Equal(0x88UL, _bus.Read(Bus.MemorySpace - 1, AccessWidth.Byte));
    }

    [Fact]
    public void Dispose_OfMapping_UnmapsOnce()
    {
        IDisposable mapping = _bus.Map(new AddressRange(0x1000, 0x100), _device);
        mapping.Dispose();
        _bus.Map(new AddressRange(0x1000, 0x100), _device);

        mapping.Dispose();

        Assert.True(_bus.IsMapped(0x1000));
    }

    [Fact]
    public void Overlay_HidesWhatLiesBelow_UntilDisposed()
    {
        var overlay = new RegisterFile(0xAB);
        _bus.Map(new AddressRange(0x1000, 0x100), _device);

        IDisposable mapping = _bus.MapOverlay(new AddressRange(0x1040, 0x10), overlay, 1);
        ulong below = _bus.Read(0x103F, AccessWidth.Byte);
        ulong over = _bus.Read(0x1044, AccessWidth.Byte);
        ulong above = _bus.Read(0x1050, AccessWidth.Byte);
        ulong offsetAbove = _device.LastOffset;
        mapping.Dispose();
        ulong after = _bus.Read(0x1044, AccessWidth.Byte);

        Assert.Equal([0x88UL, 0xABUL, 0x88UL, 0x50UL, 0x88UL], [below, over, above, offsetAbove, after]);
    }

    [Fact]
    public void Overlays_OfDifferentPriority_TheHigherAnswersWhateverTheOrder()
    {
        _bus.MapOverlay(new AddressRange(0x1000, 0x100), new RegisterFile(2), 2);
        _bus.MapOverlay(new AddressRange(0x1000, 0x200), new RegisterFile(1), 1);

        Assert.Equal(2UL, _bus.Read(0x1000, AccessWidth.Byte));
        Assert.Equal(1UL, _bus.Read(0x1100, AccessWidth.Byte));
    }

    [Fact]
    public void Map_UnderOverlay_IsAllowed()
    {
        _bus.MapOverlay(new AddressRange(0x1000, 0x100), new RegisterFile(1), 1);

        _bus.Map(new AddressRange(0x1000, 0x200), _device);

        Assert.Equal(1UL, _bus.Read(0x1000, AccessWidth.Byte));
        Assert.Equal(0x88UL, _bus.Read(0x1180, AccessWidth.Byte));
    }

    [Fact]
    public void Access_ToRandomMappings_AgreesWithSearchInOrder()
    {
        var random = new Random(3);
        var layers = new List<(AddressRange Range, byte Answer)>();
        for (int i = 1; i <= 60; i++)
        {
            var range = new AddressRange((ulong)random.Next(1000), (ulong)random.Next(1, 100));
            layers.Add((range, (byte)i));
            _bus.MapOverlay(range, new RegisterFile((byte)i), i);
        }

        for (ulong address = 0; address < 1200; address++)
        {
            byte expected = layers.LastOrDefault(layer => layer.Range.Contains(address), (default, byte.MaxValue)).Answer;
            Assert.Equal(expected, _bus.Read(address, AccessWidth.Byte));
        }
    }

    [Fact]
    public void Access_ToAnything_AllocatesNothing()
    {
        _bus.Map(new AddressRange(0x1000, 0x100), _device);

        long allocated = Allocations.Of(Touch);

        Assert.Equal(0, allocated);
    }

    private void Touch()
    {
        for (ulong address = 0xF00; address < 0x1200; address++)
        {
            _bus.Read(address, AccessWidth.Dword);
            _bus.Write(address, AccessWidth.Qword, 1);
        }
    }
}
