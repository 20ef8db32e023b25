using System.Buffers.Binary;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Video;

public class BochsModeTests
{
    private const int Width = 160;
    private const int Height = 120;

    private readonly VgaRig _vga = new();

    [Theory]
    [InlineData(15, 2)]
    [InlineData(16, 2)]
    [InlineData(24, 3)]
    [InlineData(32, 4)]
    public void Picture_ofDirectColours_isShown(int depth, int bytes)
    {
        _vga.SetBochsMode(Width, Height, depth);
        var picture = new byte[Width * Height * bytes];
        new Random(depth).NextBytes(picture);
        _vga.Memory.Write(0, picture);

        _vga.Display.Refresh();

        Assert.Equal(new DisplaySize(Width, Height), _vga.Screen.Size);
        for (int at = 0; at < Width * Height; at++)
            Assert.Equal(Expected(picture.AsSpan(at * bytes), depth), _vga.Screen[at % Width, at / Width]);
    }

    [Fact]
    public void Picture_of256Colours_goesThroughTheDac()
    {
        _vga.SetBochsMode(Width, Height, 8, 0x61);
        _vga.Machine.Out(0x3C8, 0);
        for (int value = 0; value < 256; value++)
        {
            _vga.Machine.Out(0x3C9, (byte)value);
            _vga.Machine.Out(0x3C9, (byte)(255 - value));
            _vga.Machine.Out(0x3C9, (byte)(value * 3));
        }

        _vga.Memory.Write(0, [.. Enumerable.Range(0, Width * Height).Select(at => (byte)at)]);
        _vga.Display.Refresh();

        Assert.All(Enumerable.Range(0, 256), at =>
            Assert.Equal((uint)((at << 16) | ((255 - at) << 8) | (byte)(at * 3)), _vga.Screen[at % Width, at / Width]));
    }

    [Fact]
    public void Picture_ofSixteenColours_isInPlanes()
    {
        _vga.SetMode(VgaMode.Planar);
        _vga.SetBochsMode(Width, Height, 4);
        _vga.SetSequencer(2, 0x5);
        _vga.Poke((3 * Width / 8) + 1, 0x80);

        _vga.Display.Refresh();

        Assert.NotEqual(_vga.Screen[9, 3], _vga.Screen[8, 3]);
        Assert.Equal(_vga.Screen[0, 0], _vga.Screen[9, 3]);
    }

    [Fact]
    public void Window_showsABank()
    {
        _vga.SetMode(VgaMode.Chained);
        _vga.SetBochsMode(640, 480, 32);
        _vga.SetBochs(5, 3);

        _vga.Poke(5, 0x42);

        Assert.Equal(0x42, _vga.Memory.Bytes[(3 * 65536) + 5]);
        Assert.Equal(0x42, _vga.Peek(5));
    }

    [Fact]
    public void Start_inALargerPicture_movesWhatIsShown()
    {
        _vga.SetBochsMode(Width, Height, 32);
        _vga.SetBochs(6, 320);
        Assert.Equal((320, VgaRig.MemoryLength / 1280), (_vga.Bochs(6), _vga.Bochs(7)));
        _vga.SetBochs(8, 40);
        _vga.SetBochs(9, 50);
        Span<byte> pixel = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(pixel, 0xABCDEF);
        _vga.Memory.Write(((50 * 320) + 40) * 4, pixel);

        _vga.Display.Refresh();

        Assert.Equal(0xABCDEFU, _vga.Screen[0, 0]);
        Assert.Equal(0U, _vga.Screen[1, 0]);
    }

    [Fact]
    public void Start_outsideMemory_isPulledBack()
    {
        _vga.SetBochsMode(1024, 768, 32);
        _vga.SetBochs(6, 0xFFF8);
        _vga.SetBochs(8, 0xFFFF);
        _vga.SetBochs(9, 0xFFFF);

        _vga.Display.Refresh();

        Assert.Equal((1024, 1024, 0, 256), (_vga.Bochs(6), _vga.Bochs(7), _vga.Bochs(8), _vga.Bochs(9)));
    }

    [Fact]
    public void Write_ofSomePages_makesAFrameOfTheirRows()
    {
        _vga.SetBochsMode(1024, 768, 32);
        _vga.Display.Refresh();

        _vga.Memory.Write((100 * 4096) + 8, [1, 2, 3, 4]);
        _vga.Memory.Write(200 * 4096, new byte[8192]);
        _vga.Display.Refresh();

        Assert.Equal(2, _vga.Screen.Frames);
        Assert.Equal([new DisplayArea(0, 100, 1024, 1), new DisplayArea(0, 200, 1024, 2)], _vga.Screen.Damaged);
        Assert.Equal(0x030201U, _vga.Screen[2, 100]);
        _vga.Display.Refresh();
        Assert.Equal(2, _vga.Screen.Frames);
    }

    [Fact]
    public void Write_inRowsThatShareAPage_makesAFrameOfThemAll()
    {
        _vga.SetBochsMode(Width, Height, 24);
        _vga.Display.Refresh();

        _vga.Memory.WriteByte(4096, 7);
        _vga.Display.Refresh();

        Assert.Equal([new DisplayArea(0, 8, Width, 10)], _vga.Screen.Damaged);
    }

    [Fact]
    public void On_clearsMemory_unlessItIsToBeKept()
    {
        _vga.Memory.WriteByte(9, 9);
        _vga.SetBochsMode(Width, Height, 32, 0xC1);
        Assert.Equal(9, _vga.Memory.Bytes[9]);

        _vga.SetBochsMode(Width, Height, 32);

        Assert.Equal(0, _vga.Memory.Bytes[9]);
    }

    [Theory]
    [InlineData(0, 480, 32)]
    [InlineData(640, 0, 32)]
    [InlineData(640, 480, 7)]
    [InlineData(4096, 4096, 32)]
    [InlineData(0xFFF8, 0xFFFF, 4)]
    public void Mode_thatIsImpossible_isNotSwitchedOn(int width, int height, int depth)
    {
        _vga.SetBochsMode(width, height, depth);

        Assert.Equal(0x40, _vga.Bochs(4));
        _vga.Display.Refresh();
        Assert.Equal(0, _vga.Screen.Frames);
    }

    [Fact]
    public void Capabilities_areToldWhenAskedFor()
    {
        _vga.SetBochs(4, 2);

        Assert.Equal((4096, 4096, 32), (_vga.Bochs(1), _vga.Bochs(2), _vga.Bochs(3)));
        Assert.Equal(VgaRig.MemoryLength >> 16, _vga.Bochs(10));
        _vga.SetBochs(0, 0xB0C2);
        Assert.Equal(0xB0C2, _vga.Bochs(0));
        _vga.SetBochs(0, 0xB0D0);
        Assert.Equal(0xB0C2, _vga.Bochs(0));
    }

    [Fact]
    public void Save_ofAPicture_goesOnElsewhere()
    {
        _vga.SetBochsMode(640, 480, 32);
        var picture = new byte[640 * 480 * 4];
        new Random(3).NextBytes(picture.AsSpan(0, 100_000));
        _vga.Memory.Write(0, picture);
        _vga.SetBochs(9, 17);
        var other = new VgaRig();

        byte[] saved = TestMachine.Save(_vga.Device);
        Assert.True(TestMachine.Restore(other.Device, saved));

        Assert.InRange(saved.Length, 100_000, 110_000);
        _vga.Display.Refresh();
        other.Display.Refresh();
        Assert.Equal(_vga.Screen.Pixels.ToArray(), other.Screen.Pixels.ToArray());
    }

    [Theory]
    [InlineData(8)]
    [InlineData(16)]
    [InlineData(32)]
    public void Frame_allocatesNothing(int depth)
    {
        _vga.SetBochsMode(640, 480, depth);
        byte value = 0;

        long allocated = Allocations.Of(() =>
        {
            _vga.Memory.WriteByte(5000, ++value);
            _vga.Display.Refresh();
        });

        Assert.Equal(0, allocated);
        Assert.InRange(_vga.Screen.Frames, 2, int.MaxValue);
    }

    private static uint Expected(ReadOnlySpan<byte> pixel, int depth)
    {
        int word = BinaryPrimitives.ReadUInt16LittleEndian(pixel);
        return depth switch
        {
            15 => (Scale((word >> 10) & 31, 31) << 16) | (Scale((word >> 5) & 31, 31) << 8) | Scale(word & 31, 31),
            16 => (Scale(word >> 11, 31) << 16) | (Scale((word >> 5) & 63, 63) << 8) | Scale(word & 31, 31),
            _ => pixel[0] | ((uint)pixel[1] << 8) | ((uint)pixel[2] << 16),
        };
    }

    /// <summary>Repeating the highest bits is the nearest of 256 steps, rounded down.</summary>
    private static uint Scale(int value, int maximum) => maximum == 31 ? (uint)((value << 3) | (value >> 2)) : (uint)((value << 2) | (value >> 4));
}
