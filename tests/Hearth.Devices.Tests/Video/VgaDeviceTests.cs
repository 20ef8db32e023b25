using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Video;

public class VgaDeviceTests
{
    private const long HalfSecond = 500_000_000;

    private readonly VgaRig _vga = new();

    [Fact]
    public void Text_withEveryAttribute_isShown()
    {
        _vga.SetMode(VgaMode.Text);
        _vga.LoadFont();
        for (int attribute = 0; attribute < 256; attribute++)
            _vga.Write(attribute % 32 * 2, attribute / 32 * 2, "A\u00C4", (byte)attribute);
        _vga.SetCrtc(0x0E, 0x07);
        _vga.SetCrtc(0x0F, 0x80);

        _vga.Display.Refresh();

        Assert.Equal(new DisplaySize(720, 400), _vga.Screen.Size);
        GoldenPicture.AssertShown(_vga.Screen, "text");
    }

    [Fact]
    public void Text_whatBlinks_comesAndGoes()
    {
        _vga.SetMode(VgaMode.Text);
        _vga.LoadFont();
        _vga.Write(0, 0, "\u00FF", 0x8F);
        _vga.Write(5, 0, " ", 0x07);
        _vga.SetCrtc(0x0F, 5);
        _vga.Display.Refresh();
        uint cursor = _vga.Screen[(5 * 9) + 4, 13];
        uint blinking = _vga.Screen[0, 1];

        _vga.Machine.Clock.Advance(HalfSecond / 2);
        _vga.Display.Refresh();
        Assert.NotEqual(cursor, _vga.Screen[(5 * 9) + 4, 13]);
        Assert.Equal(blinking, _vga.Screen[0, 1]);

        _vga.Machine.Clock.Advance(HalfSecond / 2);
        _vga.Display.Refresh();
        Assert.NotEqual(blinking, _vga.Screen[0, 1]);
        Assert.Equal(3, _vga.Screen.Frames);
    }

    [Fact]
    public void Text_ofTwoFonts_isChosenByTheAttribute()
    {
        _vga.SetMode(VgaMode.Text);
        _vga.LoadFont();
        _vga.SetSequencer(3, 0x04);
        _vga.Write(0, 0, "AA", 0x07);
        _vga.Write(1, 0, "A", 0x0F);
        _vga.SetCrtc(0x0A, 0x20);

        _vga.Display.Refresh();

        Assert.NotEqual(_vga.Screen[1, 1], _vga.Screen[1, 3]);
        Assert.Equal(_vga.Screen[10, 0], _vga.Screen[10, 1]);
    }

    [Fact]
    public void Text_underlined_hasItsLine()
    {
        _vga.SetMode(VgaMode.Text);
        _vga.LoadFont();
        _vga.SetCrtc(0x14, 0x0C);
        _vga.SetCrtc(0x0A, 0x20);
        _vga.Write(0, 0, " ", 0x01);
        _vga.Write(1, 0, " ", 0x02);

        _vga.Display.Refresh();

        uint front = _vga.Screen[0, 12];
        Assert.All(Enumerable.Range(0, 9), x => Assert.Equal(front, _vga.Screen[x, 12]));
        Assert.NotEqual(front, _vga.Screen[13, 12]);
    }

    [Fact]
    public void Planes_inSixteenColours_areShown()
    {
        _vga.SetMode(VgaMode.Planar);
        for (int y = 0; y < 480; y++)
        {
            for (int x = 0; x < 80; x++)
            {
                for (int plane = 0; plane < 4; plane++)
                {
                    _vga.SetSequencer(2, (byte)(1 << plane));
                    _vga.Poke((y * 80) + x, (byte)(plane == 3 && y >= 240 ? 0xFF : (x / 5 >> plane & 1) != 0 ? 0xFF : y % 8 == 0 ? 0x55 : 0));
                }
            }
        }

        _vga.Display.Refresh();

        Assert.Equal(new DisplaySize(640, 480), _vga.Screen.Size);
        GoldenPicture.AssertShown(_vga.Screen, "planar");
    }

    [Fact]
    public void Split_withPanning_showsBothParts()
    {
        _vga.SetMode(VgaMode.Planar);
        for (int at = 0; at < 80 * 600; at++)
            _vga.Poke(at, (byte)(at / 80 % 16 == 0 ? 0xFF : at % 80 == 0 ? 0xF0 : at / 80 < 100 ? 0xAA : 0x18));
        const int Start = 80 * 120;
        _vga.SetCrtc(0x0C, Start >> 8);
        _vga.SetCrtc(0x0D, Start & 0xFF);
        _vga.SetCrtc(0x18, 0x2C);
        _vga.SetCrtc(0x07, 0x3E);
        _vga.SetCrtc(0x09, 0x00);
        _vga.SetAttribute(0x10, 0x21);
        _vga.SetAttribute(0x13, 3);

        _vga.Display.Refresh();

        GoldenPicture.AssertShown(_vga.Screen, "split");
    }

    [Fact]
    public void Colours256_chained_areShown()
    {
        _vga.SetMode(VgaMode.Chained);
        for (int at = 0; at < 320 * 200; at++)
            _vga.Poke(at, (byte)((at % 320 / 20) + (at / 320 / 13 * 16)));

        _vga.Display.Refresh();

        Assert.Equal(new DisplaySize(640, 400), _vga.Screen.Size);
        GoldenPicture.AssertShown(_vga.Screen, "chained");
    }

    [Fact]
    public void Colours256_unchained_areShown()
    {
        _vga.SetMode(VgaMode.X);
        for (int plane = 0; plane < 4; plane++)
        {
            _vga.SetSequencer(2, (byte)(1 << plane));
            for (int at = 0; at < 80 * 240; at++)
                _vga.Poke(at, (byte)((at / 80) ^ ((at % 80 * 4) + plane)));
        }

        _vga.Display.Refresh();

        Assert.Equal(new DisplaySize(640, 480), _vga.Screen.Size);
        GoldenPicture.AssertShown(_vga.Screen, "mode-x");
    }

    [Theory]
    [InlineData("cga")]
    [InlineData("cga2")]
    [InlineData("ega")]
    public void OldModes_areShownDoubled(string name)
    {
        _vga.SetMode(name switch { "cga" => VgaMode.Cga, "cga2" => VgaMode.CgaTwoColours, _ => VgaMode.Ega });
        int window = name == "ega" ? 0 : 0x18000;
        for (int y = 0; y < 200; y++)
        {
            for (int x = 0; x < (name == "ega" ? 40 : 80); x++)
            {
                int at = name == "ega" ? (y * 40) + x : (y / 2 * 80) + x + (y % 2 * 0x2000);
                if (name == "ega")
                    _vga.SetSequencer(2, (byte)(x / 10 + (y / 50 * 4)));
                _vga.Poke(window + at, (byte)(y / 10 % 2 == 0 ? 0x1B : y == 199 || x == 0 ? 0xFF : x * 3));
            }
        }

        _vga.Display.Refresh();

        Assert.Equal(new DisplaySize(640, 400), _vga.Screen.Size);
        GoldenPicture.AssertShown(_vga.Screen, name);
    }

    [Fact]
    public void WriteMode0_rotatesSetsMasksAndCombines()
    {
        _vga.SetMode(VgaMode.Planar);
        _vga.Poke(0, 0x3C);
        _vga.Peek(0);
        _vga.SetGraphics(3, 0x18 | 4);
        _vga.SetGraphics(8, 0xF0);
        _vga.SetGraphics(1, 0x8);
        _vga.SetGraphics(0, 0x8);
        _vga.SetSequencer(2, 0xD);

        _vga.Poke(0, 0x5A);

        // 0x5A turned by four is 0xA5; combined with 0x3C by exclusive or in the upper half it is 0x9C. Plane 3 has ones in place of 0xA5.
        Assert.Equal((0x9C, 0x3C, 0x9C, 0xCC), (_vga.Plane(0, 0), _vga.Plane(1, 0), _vga.Plane(2, 0), _vga.Plane(3, 0)));
    }

    [Fact]
    public void WriteMode1_copiesLatches()
    {
        _vga.SetMode(VgaMode.Planar);
        for (int plane = 0; plane < 4; plane++)
            _vga.Memory.WriteByte((100 * 4) + plane, (byte)(0x11 * (plane + 1)));
        _vga.SetGraphics(5, 1);

        _vga.Peek(100);
        _vga.Poke(200, 0xFF);

        Assert.Equal(_vga.Memory.ReadUInt32(400), _vga.Memory.ReadUInt32(800));
    }

    [Fact]
    public void WriteMode2_writesAColour()
    {
        _vga.SetMode(VgaMode.Planar);
        _vga.SetGraphics(5, 2);
        _vga.SetGraphics(8, 0x0F);
        _vga.Peek(7);

        _vga.Poke(7, 0x5);

        Assert.Equal((0x0F, 0, 0x0F, 0), (_vga.Plane(0, 7), _vga.Plane(1, 7), _vga.Plane(2, 7), _vga.Plane(3, 7)));
    }

    [Fact]
    public void WriteMode3_masksByWhatIsWritten()
    {
        _vga.SetMode(VgaMode.Planar);
        _vga.SetGraphics(5, 3);
        _vga.SetGraphics(0, 0x3);
        _vga.SetGraphics(8, 0x3F);
        _vga.Peek(7);

        _vga.Poke(7, 0xF1);

        Assert.Equal((0x31, 0x31, 0), (_vga.Plane(0, 7), _vga.Plane(1, 7), _vga.Plane(2, 7)));
    }

    [Fact]
    public void ReadModes_giveAPlaneOrTheColoursThatMatch()
    {
        _vga.SetMode(VgaMode.Planar);
        _vga.Memory.WriteUInt32(40, 0x0F_00_F0_FF);
        _vga.SetGraphics(4, 3);
        Assert.Equal(0x0F, _vga.Peek(10));

        _vga.SetGraphics(5, 8);
        _vga.SetGraphics(2, 0x3);
        _vga.SetGraphics(7, 0xF);
        Assert.Equal(0xF0, _vga.Peek(10));
        _vga.SetGraphics(7, 0x1);
        Assert.Equal(0xFF, _vga.Peek(10));
    }

    [Fact]
    public void Window_isWhereTheRegisterSays()
    {
        _vga.SetMode(VgaMode.Planar);
        _vga.Poke(0x1_8000, 1);
        Assert.Equal(0xFF, _vga.Peek(0x1_8000));
        _vga.SetGraphics(6, 0x0D);
        _vga.Poke(0x1_8000, 1);
        Assert.Equal(1, _vga.Plane(0, 0));
        _vga.SetGraphics(6, 0x09);
        _vga.Poke(0x1_0001, 2);
        Assert.Equal(2, _vga.Plane(0, 1));
        _vga.Machine.Out(0x3C2, 0xE1);
        Assert.Equal(0xFF, _vga.Peek(0x1_0001));
    }

    [Fact]
    public void Dac_isReadAsItWasWritten()
    {
        _vga.Machine.Out(0x3C8, 7);
        foreach (byte value in (byte[])[0x3F, 0x12, 0xFF, 1, 2, 3])
            _vga.Machine.Out(0x3C9, value);
        Assert.Equal(0, _vga.Machine.In(0x3C7));

        _vga.Machine.Out(0x3C7, 7);

        Assert.Equal(3, _vga.Machine.In(0x3C7));
        Assert.Equal([0x3F, 0x12, 0x3F, 1, 2, 3], Enumerable.Range(0, 6).Select(_ => _vga.Machine.In(0x3C9)).ToArray());
        Assert.Equal(9, _vga.Machine.In(0x3C8));
    }

    [Fact]
    public void Crtc_protected_keepsItsFirstRegistersButOneBit()
    {
        _vga.SetMode(VgaMode.Text);
        _vga.SetCrtc(0, 0);
        _vga.SetCrtc(7, 0x10);
        _vga.SetCrtc(0x13, 1);

        Assert.Equal((0x5F, 0x1F, 1), (Crtc(0), Crtc(7), Crtc(0x13)));
        _vga.SetCrtc(7, 0);
        Assert.Equal(0x0F, Crtc(7));
    }

    [Fact]
    public void Crtc_ofTheOtherHalf_isNotThere()
    {
        _vga.SetMode(VgaMode.Text);
        Assert.Equal(0xFF, _vga.Machine.In(0x3B5));

        _vga.Machine.Out(0x3C2, 0x66);

        Assert.Equal(0xFF, _vga.Machine.In(0x3D5));
        Assert.Equal(0, _vga.Machine.In(0x3B4) & 0xE0);
    }

    [Fact]
    public void Retrace_comesSeventyTimesASecond()
    {
        _vga.SetMode(VgaMode.Text);
        int retraces = 0;
        bool was = false;
        for (int step = 0; step < 100_000; step++)
        {
            _vga.Machine.Clock.Advance(10_000);
            byte status = _vga.Machine.In(0x3DA);
            bool isRetracing = (status & 8) != 0;
            Assert.True(!isRetracing || (status & 1) != 0);
            retraces += isRetracing && !was ? 1 : 0;
            was = isRetracing;
        }

        Assert.InRange(retraces, 69, 71);
    }

    [Fact]
    public void Screen_switchedOff_isBlack()
    {
        _vga.SetMode(VgaMode.Chained);
        _vga.Poke(0, 0x77);
        _vga.Display.Refresh();
        Assert.NotEqual(0U, _vga.Screen[0, 0]);

        _vga.SetSequencer(1, 0x21);
        _vga.Display.Refresh();

        Assert.Equal(new DisplaySize(640, 400), _vga.Screen.Size);
        Assert.Equal(0U, _vga.Screen[0, 0]);
    }

    [Fact]
    public void PowerOn_showsNothing()
    {
        _vga.Display.Refresh();

        Assert.Equal(DisplaySize.Nothing, _vga.Screen.Size);
        Assert.Equal(0, _vga.Screen.Frames);
    }

    [Fact]
    public void Nothing_changed_isNoFrame()
    {
        _vga.SetMode(VgaMode.Planar);
        _vga.Display.Refresh();
        Assert.True(_vga.Display.IsRequested);

        _vga.Display.Refresh();
        Assert.Equal(1, _vga.Screen.Frames);

        _vga.Poke(100 * 80, 1);
        _vga.Display.Refresh();
        Assert.Equal(2, _vga.Screen.Frames);
        Assert.Equal([new DisplayArea(0, 100, 640, 1)], _vga.Screen.Damaged);
    }

    [Fact]
    public void Identity_isBochss()
    {
        Assert.Equal(0x1111_1234U, _vga.Device.ReadConfiguration(0, AccessWidth.Dword));
        Assert.Equal(0x0300_0002U, _vga.Device.ReadConfiguration(8, AccessWidth.Dword));
        Assert.Equal(8U, _vga.Device.ReadConfiguration(0x10, AccessWidth.Dword) & 0xF);
        Assert.Equal(_vga.Memory.Address, _vga.Device.ReadConfiguration(0x10, AccessWidth.Dword) & ~0xFU);
    }

    [Fact]
    public void FrameBuffer_movesWithItsBar()
    {
        _vga.Device.WriteConfiguration(0x10, AccessWidth.Dword, 0xE800_0000);
        Assert.Equal(0xE800_0000UL, _vga.Memory.Address);
        _vga.Machine.WriteDword(0xE800_0010, 0x1234_5678);
        Assert.Equal(0x1234_5678U, _vga.Memory.ReadUInt32(16));

        _vga.Device.WriteConfiguration(4, AccessWidth.Word, 0);

        Assert.Null(_vga.Memory.Address);
    }

    [Fact]
    public void Edid_andRegisters_areInBar2()
    {
        _vga.SetMode(VgaMode.Text);

        Assert.Equal(0x00FF_FFFF_FFFF_FF00UL, _vga.Machine.ReadQword(_vga.Registers));
        Assert.Equal(0x67U, _vga.Machine.ReadDword(_vga.Registers + 0x40C) & 0xFF);
        Assert.Equal(0xB0C5U, _vga.Machine.ReadDword(_vga.Registers + 0x500) & 0xFFFF);
        Assert.Equal(8U, _vga.Machine.ReadDword(_vga.Registers + 0x600));
        _vga.Machine.Memory.Bus.Write(_vga.Registers + 0x502, AccessWidth.Word, 320);
        Assert.Equal(320, _vga.Bochs(1));
    }

    [Fact]
    public void Rom_isWhereItsRegisterSays()
    {
        var vga = new VgaRig([0x55, 0xAA, .. new byte[3000], 0x77]);
        vga.Device.WriteConfiguration(0x30, AccessWidth.Dword, uint.MaxValue);
        Assert.Equal(0xFFFF_F001U, vga.Device.ReadConfiguration(0x30, AccessWidth.Dword));

        vga.Device.WriteConfiguration(0x30, AccessWidth.Dword, 0xE900_0001);

        Assert.Equal(0xAA55U, vga.Machine.ReadDword(0xE900_0000) & 0xFFFF);
        Assert.Equal(0xFFFF_FF77U, vga.Machine.ReadDword(0xE900_0000 + 3002));
        vga.Device.WriteConfiguration(0x30, AccessWidth.Dword, 0xE900_0000);
        Assert.False(vga.Machine.Memory.Bus.IsMapped(0xE900_0000));
    }

    [Fact]
    public void Save_inEveryMode_goesOnElsewhere()
    {
        foreach (VgaMode mode in (VgaMode[])[VgaMode.Text, VgaMode.Planar, VgaMode.Chained, VgaMode.X, VgaMode.Cga])
        {
            _vga.SetMode(mode);
            for (int at = 0; at < 0x8000; at += 3)
                _vga.Poke((mode == VgaMode.Text || mode == VgaMode.Cga ? 0x18000 : 0) + at, (byte)(at * 7));
            _vga.Display.Refresh();
            var other = new VgaRig();
            other.SetBochsMode(640, 480, 32);
            other.Machine.Clock.Set(_vga.Machine.Clock.Now);

            byte[] saved = TestMachine.Save(_vga.Device);
            Assert.True(TestMachine.Restore(other.Device, saved));

            Assert.Equal(saved, TestMachine.Save(other.Device));
            other.Display.Refresh();
            Assert.Equal(_vga.Screen.Pixels.ToArray(), other.Screen.Pixels.ToArray());
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Frame_ofText_allocatesNothing(bool isText)
    {
        _vga.SetMode(isText ? VgaMode.Text : VgaMode.Planar);
        byte value = 0;

        long allocated = Allocations.Of(() =>
        {
            _vga.Poke(isText ? 0x18000 : 0, ++value);
            _vga.Display.Refresh();
        });

        Assert.Equal(0, allocated);
        Assert.InRange(_vga.Screen.Frames, 2, int.MaxValue);
    }

    private byte Crtc(byte index)
    {
        _vga.Machine.Out(0x3D4, index);
        return _vga.Machine.In(0x3D5);
    }
}
