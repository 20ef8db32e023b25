using System.Buffers.Binary;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Virtio;

public class VirtioGpuDeviceTests
{
    private readonly GpuDriver _gpu = new(new DisplaySize(1024, 768), new DisplaySize(800, 600));

    [Fact]
    public void Displays_areWhatTheHostWishes()
    {
        Assert.Equal(GpuDriver.OkDisplayInfo, _gpu.Send(0x100));

        Assert.Equal(408, _gpu.LastAnswer.Length);
        Assert.Equal((1024, 768, 1), Display(0));
        Assert.Equal((800, 600, 1), Display(1));
        Assert.Equal((0, 0, 0), Display(2));
        Assert.Equal(2U, _gpu.Rig.ReadDevice(8, AccessWidth.Dword));
    }

    [Fact]
    public void Edid_ofAScreen_prefersItsSize()
    {
        Assert.Equal(GpuDriver.OkEdid, _gpu.Send(0x10A, 1, 0));

        Assert.Equal(24 + 8 + 1024, _gpu.LastAnswer.Length);
        Assert.Equal(128, BinaryPrimitives.ReadInt32LittleEndian(_gpu.LastAnswer.AsSpan(24)));
        Assert.Equal(800 & 0xFF, _gpu.LastAnswer[32 + 56]);
        Assert.Equal(GpuDriver.ErrorInvalidScanout, _gpu.Send(0x10A, 2, 0));
    }

    [Theory]
    [InlineData(1u, 0, 1, 2)]
    [InlineData(2u, 0, 1, 2)]
    [InlineData(3u, 3, 2, 1)]
    [InlineData(4u, 3, 2, 1)]
    [InlineData(67u, 2, 1, 0)]
    [InlineData(68u, 1, 2, 3)]
    [InlineData(121u, 1, 2, 3)]
    [InlineData(134u, 2, 1, 0)]
    public void Picture_ofAnyFormat_isShownInTheHostsOrder(uint format, int blue, int green, int red)
    {
        byte[] picture = _gpu.Show(1, 64, 48, format);

        _gpu.Display.Refresh();

        Assert.Equal(new DisplaySize(64, 48), _gpu.Screen.Size);
        for (int at = 0; at < picture.Length; at += 4)
            Assert.Equal([picture[at + blue], picture[at + green], picture[at + red]], _gpu.Screen.Pixels.Slice(at, 3).ToArray());
    }

    [Fact]
    public void Frames_areMadeOnlyWhenSomethingWasFlushed()
    {
        _gpu.Show(1, 64, 48);
        _gpu.Display.Refresh();
        _gpu.Display.Refresh();
        Assert.Equal(1, _gpu.Screen.Frames);

        _gpu.Transfer(1, 0, 0, 64, 48, 0);
        Assert.False(_gpu.Display.IsRequested);
        _gpu.Flush(1, 8, 4, 16, 2);
        _gpu.Flush(1, 40, 40, 8, 8);

        Assert.True(_gpu.Display.IsRequested);
        _gpu.Display.Refresh();
        Assert.Equal(2, _gpu.Screen.Frames);
        Assert.Equal([new DisplayArea(8, 4, 16, 2), new DisplayArea(40, 40, 8, 8)], _gpu.Screen.Damaged);
    }

    [Fact]
    public void Flush_ofPart_leavesTheRest()
    {
        byte[] first = _gpu.Show(1, 64, 48);
        _gpu.Display.Refresh();
        byte[] second = _gpu.FillPicture(first.Length, 99);
        _gpu.Transfer(1, 0, 0, 64, 48, 0);
        _gpu.Flush(1, 0, 10, 64, 5);

        _gpu.Display.Refresh();

        byte[] expected = [.. first[..(10 * 256)], .. second[(10 * 256)..(15 * 256)], .. first[(15 * 256)..]];
        Assert.Equal(expected, _gpu.Screen.Pixels.ToArray());
    }

    [Fact]
    public void Transfer_ofARectangle_takesItFromItsOffset()
    {
        byte[] picture = _gpu.Show(1, 64, 48);
        _gpu.Display.Refresh();
        picture = [.. picture];
        byte[] other = _gpu.FillPicture(picture.Length, 5);

        Assert.Equal(GpuDriver.OkNoData, _gpu.Transfer(1, 3, 7, 10, 2, ((7 * 64) + 3) * 4));
        _gpu.Flush(1, 0, 0, 64, 48);
        _gpu.Display.Refresh();

        for (int y = 7; y < 9; y++)
            other.AsSpan(((y * 64) + 3) * 4, 40).CopyTo(picture.AsSpan(((y * 64) + 3) * 4));
        Assert.Equal(picture, _gpu.Screen.Pixels.ToArray());
    }

    [Fact]
    public void Backing_inManyPieces_isReadAsOne()
    {
        byte[] picture = _gpu.FillPicture(64 * 48 * 4, 1);
        _gpu.Create(1, 64, 48);
        var pieces = new List<(ulong, uint)>();
        for (uint at = 0, length = 1; at < picture.Length; at += length, length = (length * 3 % 997) + 1)
        {
            length = Math.Min(length, (uint)picture.Length - at);
            pieces.Add((GpuDriver.Pictures + at, length));
        }

        Assert.Equal(GpuDriver.OkNoData, _gpu.Attach(1, [.. pieces]));
        _gpu.SetScanout(0, 1, 0, 0, 64, 48);
        Assert.Equal(GpuDriver.OkNoData, _gpu.Transfer(1, 0, 0, 64, 48, 0));
        _gpu.Display.Refresh();

        Assert.Equal(picture, _gpu.Screen.Pixels.ToArray());
    }

    [Fact]
    public void TwoScreens_showPartsOfOneResource()
    {
        byte[] picture = _gpu.Show(1, 64, 48);
        _gpu.SetScanout(0, 1, 0, 0, 32, 48);
        _gpu.SetScanout(1, 1, 32, 0, 32, 48);

        _gpu.Display.Refresh();

        Assert.Equal(new DisplaySize(32, 48), _gpu.Display[1].Size);
        Assert.Equal(picture[(32 * 4)..(64 * 4)], _gpu.Display[1].Pixels[..(32 * 4)].ToArray());
        _gpu.Flush(1, 30, 0, 4, 4);
        _gpu.Display.Refresh();
        Assert.Equal([new DisplayArea(30, 0, 2, 4)], _gpu.Screen.Damaged);
        Assert.Equal([new DisplayArea(0, 0, 2, 4)], _gpu.Display[1].Damaged);
    }

    [Fact]
    public void Screen_isSwitchedOffWithItsResource()
    {
        _gpu.Show(1, 64, 48);
        _gpu.Display.Refresh();

        Assert.Equal(GpuDriver.OkNoData, _gpu.Send(0x102, 1, 0));
        _gpu.Display.Refresh();

        Assert.Equal(DisplaySize.Nothing, _gpu.Screen.Size);
        Assert.Equal(GpuDriver.ErrorInvalidResource, _gpu.Flush(1, 0, 0, 1, 1));
    }

    [Fact]
    public void Fence_comesBackWithTheAnswer()
    {
        _gpu.SendFenced(0x100, 1, 0x1122_3344_5566_7788);

        Assert.Equal(1U, BinaryPrimitives.ReadUInt32LittleEndian(_gpu.LastAnswer.AsSpan(4)));
        Assert.Equal(0x1122_3344_5566_7788UL, BinaryPrimitives.ReadUInt64LittleEndian(_gpu.LastAnswer.AsSpan(8)));
    }

    [Fact]
    public void Cursor_isShownMovedAndHidden()
    {
        byte[] image = _gpu.FillPicture(CursorState.ImageLength, 3);
        _gpu.Create(7, 64, 64, 1);
        _gpu.Attach(7, (GpuDriver.Pictures, CursorState.ImageLength));
        _gpu.Transfer(7, 0, 0, 64, 64, 0);

        _gpu.SendCursor(0x300, 0, 100, 50, 7, 4, 5);
        _gpu.Display.Refresh();
        Assert.Equal(new CursorState(true, 100, 50, 4, 5), _gpu.Screen.Cursor);
        Assert.Equal(image, _gpu.Screen.CursorImage);

        _gpu.SendCursor(0x301, 0, unchecked((uint)-3), 60);
        _gpu.Display.Refresh();
        Assert.Equal(new CursorState(true, -3, 60, 4, 5), _gpu.Screen.Cursor);

        _gpu.SendCursor(0x300, 0, 0, 0);
        _gpu.Display.Refresh();
        Assert.False(_gpu.Screen.Cursor.IsVisible);
        Assert.Equal(0, _gpu.Screen.Frames);
    }

    [Fact]
    public void Wish_thatChanges_isAnEvent()
    {
        _gpu.Send(0x100);
        byte generation = (byte)_gpu.Rig.Read(0x15, AccessWidth.Byte);

        _gpu.Display.ChangeWish(0, new DisplaySize(1280, 720));

        Assert.Equal(1U, _gpu.Rig.ReadDevice(0, AccessWidth.Dword));
        Assert.NotEqual(generation, (byte)_gpu.Rig.Read(0x15, AccessWidth.Byte));
        _gpu.Rig.Write(0x2004, AccessWidth.Dword, 1);
        Assert.Equal(0U, _gpu.Rig.ReadDevice(0, AccessWidth.Dword));
        _gpu.Send(0x100);
        Assert.Equal((1280, 720, 1), Display(0));
    }

    [Fact]
    public void Wish_thatChangesWhilePaused_isAnEventAfterwards()
    {
        _gpu.Send(0x100);
        _gpu.Rig.Function.Pause();
        _gpu.Display.ChangeWish(1, DisplaySize.Nothing);
        Assert.Equal(0U, _gpu.Rig.ReadDevice(0, AccessWidth.Dword));

        _gpu.Rig.Function.Resume();

        Assert.Equal(1U, _gpu.Rig.ReadDevice(0, AccessWidth.Dword));
        _gpu.Send(0x100);
        Assert.Equal((0, 0, 0), Display(1));
    }

    [Theory]
    [InlineData(0x101u, GpuDriver.ErrorInvalidResource, 0u, 2u, 8u, 8u)]
    [InlineData(0x101u, GpuDriver.ErrorInvalidResource, 1u, 2u, 8u, 8u)]
    [InlineData(0x101u, GpuDriver.ErrorInvalidParameter, 2u, 5u, 8u, 8u)]
    [InlineData(0x101u, GpuDriver.ErrorInvalidParameter, 2u, 2u, 0u, 8u)]
    [InlineData(0x101u, GpuDriver.ErrorInvalidParameter, 2u, 2u, 0x8000_0000u, 8u)]
    [InlineData(0x101u, GpuDriver.ErrorOutOfMemory, 2u, 2u, 8193u, 8u)]
    [InlineData(0x101u, GpuDriver.ErrorOutOfMemory, 2u, 2u, 8000u, 8000u)]
    [InlineData(0x102u, GpuDriver.ErrorInvalidResource, 9u, 0u)]
    [InlineData(0x103u, GpuDriver.ErrorInvalidScanout, 0u, 0u, 8u, 8u, 2u, 1u)]
    [InlineData(0x103u, GpuDriver.ErrorInvalidResource, 0u, 0u, 8u, 8u, 0u, 9u)]
    [InlineData(0x103u, GpuDriver.ErrorInvalidParameter, 60u, 0u, 8u, 8u, 0u, 1u)]
    [InlineData(0x103u, GpuDriver.ErrorInvalidParameter, 0xFFFF_FFFFu, 0u, 2u, 8u, 0u, 1u)]
    [InlineData(0x103u, GpuDriver.ErrorInvalidParameter, 0u, 0u, 0u, 0u, 0u, 1u)]
    [InlineData(0x104u, GpuDriver.ErrorInvalidParameter, 0u, 0u, 65u, 48u, 1u, 0u)]
    [InlineData(0x104u, GpuDriver.ErrorInvalidResource, 0u, 0u, 8u, 8u, 3u, 0u)]
    [InlineData(0x105u, GpuDriver.ErrorInvalidParameter, 0u, 0u, 65u, 48u, 0u, 0u, 1u, 0u)]
    [InlineData(0x105u, GpuDriver.ErrorInvalidParameter, 0u, 0u, 64u, 48u, 4u, 0u, 1u, 0u)]
    [InlineData(0x105u, GpuDriver.ErrorInvalidParameter, 0u, 0u, 64u, 48u, 0u, 0xFFFF_FFFFu, 1u, 0u)]
    [InlineData(0x106u, GpuDriver.ErrorUnspecified, 1u, 1u, 0u, 0u, 0u, 0u)]
    [InlineData(0x106u, GpuDriver.ErrorInvalidResource, 9u, 0u)]
    [InlineData(0x107u, GpuDriver.ErrorInvalidResource, 9u, 0u)]
    [InlineData(0x108u, GpuDriver.ErrorUnspecified, 0u, 0u)]
    [InlineData(0x0u, GpuDriver.ErrorUnspecified)]
    [InlineData(0x104u, GpuDriver.ErrorUnspecified, 0u)]
    public void Command_thatMakesNoSense_isAnsweredByItsError(uint type, uint expected, params uint[] words)
    {
        _gpu.Show(1, 64, 48);

        Assert.Equal(expected, _gpu.Send(type, words));

        _gpu.Display.Refresh();
        Assert.Equal(new DisplaySize(64, 48), _gpu.Screen.Size);
    }

    [Fact]
    public void Backing_outsideRam_isRefused()
    {
        _gpu.Create(1, 8, 8);

        Assert.Equal(GpuDriver.ErrorInvalidParameter, _gpu.Attach(1, (0xFFFF_F000, 4096)));
        Assert.Equal(GpuDriver.ErrorInvalidParameter, _gpu.Attach(1, (0xFFFF_FFFF_FFFF_FFFF, 0xFFFF_FFFF)));
        Assert.Equal(GpuDriver.ErrorUnspecified, _gpu.Transfer(1, 0, 0, 8, 8, 0));
        Assert.Equal(GpuDriver.ErrorUnspecified, _gpu.Send(0x106, 1, 0x4000_0000));
    }

    [Fact]
    public void Backing_ofMoreThanOneDescriptorOrWithoutEnd_isUnderstood()
    {
        byte[] cut = [6, 1, 0, 0];

        Assert.Equal(GpuDriver.ErrorUnspecified, _gpu.SendBytes(cut));
    }

    [Fact]
    public void Memory_isBounded()
    {
        uint id = 1;
        while (_gpu.Create(id, 4096, 4096) == GpuDriver.OkNoData)
            id++;

        Assert.Equal(4U, id);
        Assert.Equal(GpuDriver.OkNoData, _gpu.Send(0x102, 1, 0));
        Assert.Equal(GpuDriver.OkNoData, _gpu.Create(9, 4096, 4096));
    }

    [Fact]
    public void Save_withPictureAndCursor_goesOnElsewhere()
    {
        byte[] picture = _gpu.Show(1, 64, 48);
        _gpu.SetScanout(1, 1, 8, 8, 16, 16);
        _gpu.Create(7, 64, 64, 2);
        _gpu.SendCursor(0x300, 0, 10, 20, 7, 1, 2);
        var other = new GpuDriver(new DisplaySize(1024, 768), new DisplaySize(800, 600));
        _gpu.Ram.CopyTo(other.Ram, 0);

        byte[] saved = TestMachine.Save(_gpu.Rig.Function);
        Assert.True(TestMachine.Restore(other.Rig.Function, saved));

        Assert.Equal(saved, TestMachine.Save(other.Rig.Function));
        other.Display.Refresh();
        Assert.Equal(picture, other.Screen.Pixels.ToArray());
        Assert.Equal(new DisplaySize(16, 16), other.Display[1].Size);
        Assert.Equal(new CursorState(true, 10, 20, 1, 2), other.Screen.Cursor);
        Assert.Equal(0xFF, other.Screen.CursorImage[3]);
    }

    [Fact]
    public void Restore_withFewerScreens_saysSo()
    {
        byte[] saved = TestMachine.Save(_gpu.Rig.Function);
        var other = new GpuDriver(new DisplaySize(1024, 768));

        SavedStateException error = Assert.Throws<SavedStateException>(() => TestMachine.Restore(other.Rig.Function, saved));

        Assert.Contains("2 screens", error.Message, StringComparison.Ordinal);
    }

    /// <summary>256 KiB.</summary>
    [Fact]
    public void Transfer_thatIsLong_isTheWorkers_andCommandsBehindItWait()
    {
        byte[] picture = _gpu.Show(1, 256, 256);
        _gpu.Display.Refresh();
        picture.AsSpan().Reverse();
        picture.CopyTo(_gpu.Ram, (int)GpuDriver.Pictures);
        int before = _gpu.Rig.Queue(0).UsedIndex;
        _gpu.Post(0, 0x105, 0, 0, 256, 256, 0, 0, 1, 0);
        _gpu.Post(1, 0x104, 0, 0, 256, 256, 1, 0);
        _gpu.SendCursor(0x301, 0, 5, 6);
        int posted = _gpu.Rig.Queue(0).UsedIndex;

        _gpu.Worker.Run();
        _gpu.Display.Refresh();

        Assert.Equal((before, before + 2), (posted, _gpu.Rig.Queue(0).UsedIndex));
        Assert.Equal((GpuDriver.OkNoData, GpuDriver.OkNoData), (_gpu.AnswerAt(0), _gpu.AnswerAt(1)));
        Assert.Equal(picture[..3], _gpu.Screen.Pixels[..3].ToArray());
        Assert.Equal((5, 6), (_gpu.Screen.Cursor.X, _gpu.Screen.Cursor.Y));
    }

    [Fact]
    public void Transfer_thatIsLong_andMemoryEnds_isAnError()
    {
        _ = _gpu.Create(1, 256, 256);
        _ = _gpu.Attach(1, (GpuDriver.Pictures, 0x1000));

        Assert.Equal(GpuDriver.ErrorInvalidParameter, _gpu.Transfer(1, 0, 0, 256, 256, 0));
    }

    [Fact]
    public void Reset_whileTheWorkerCopies_waitsForIt()
    {
        _ = _gpu.Show(1, 256, 256);
        _gpu.Post(0, 0x105, 0, 0, 256, 256, 0, 0, 1, 0);

        _gpu.Rig.Status = 0;
        int during = _gpu.Rig.Status;
        _gpu.Worker.Run();

        Assert.NotEqual(0, during);
        Assert.Equal(0, _gpu.Rig.Status);
    }

    [Fact]
    public void Pause_whileTheWorkerCopies_waitsForIt_andTheRestComesAfterwards()
    {
        _ = _gpu.Show(1, 256, 256);
        int before = _gpu.Rig.Queue(0).UsedIndex;
        _gpu.Post(0, 0x105, 0, 0, 256, 256, 0, 0, 1, 0);
        _gpu.Post(1, 0x104, 0, 0, 256, 256, 1, 0);
        var pause = new Thread(_gpu.Rig.Function.Pause);
        pause.Start();
        bool isEarly = pause.Join(50);

        _gpu.Worker.Run();
        pause.Join();
        int paused = _gpu.Rig.Queue(0).UsedIndex;
        _gpu.Rig.Function.Resume();
        _gpu.Worker.Run();

        Assert.False(isEarly);
        Assert.Equal((before + 1, before + 2), (paused, _gpu.Rig.Queue(0).UsedIndex));
    }

    [Fact]
    public void Reset_forgetsPicturesAndSwitchesOff()
    {
        _gpu.Show(1, 64, 48);
        _gpu.Display.Refresh();

        _gpu.Rig.Status = 0;
        _gpu.Display.Refresh();

        Assert.Equal(DisplaySize.Nothing, _gpu.Screen.Size);
        _gpu.Rig.Start();
        Assert.Equal(GpuDriver.OkNoData, _gpu.Create(1, 8, 8));
    }

    [Theory]
    [InlineData(2u)]
    [InlineData(67u)]
    public void Frame_transferredFlushedAndShown_allocatesNothing(uint format)
    {
        _gpu.Show(1, 64, 48, format);
        VirtqueueDriver queue = _gpu.Rig.Queue(0);
        WriteCommand(0x41000, 0x105, 0, 0, 64, 48, 0, 0, 1, 0);
        WriteCommand(0x42000, 0x104, 0, 0, 64, 48, 1, 0);

        long allocated = Allocations.Of(() =>
        {
            queue.Add(new(0x41000, 56), new(0x60000, 24, Writable: true));
            queue.Add(new(0x42000, 48), new(0x60000, 24, Writable: true));
            _gpu.Rig.Kick();
            _gpu.Display.Refresh();
        });

        Assert.Equal(0, allocated);
        Assert.InRange(_gpu.Screen.Frames, 2, int.MaxValue);
    }

    private void WriteCommand(int at, params uint[] words)
    {
        _gpu.Ram.AsSpan(at, 64).Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(_gpu.Ram.AsSpan(at), words[0]);
        for (int i = 1; i < words.Length; i++)
            BinaryPrimitives.WriteUInt32LittleEndian(_gpu.Ram.AsSpan(at + 20 + (4 * i)), words[i]);
    }

    private (int Width, int Height, int Enabled) Display(int index)
    {
        ReadOnlySpan<byte> entry = _gpu.LastAnswer.AsSpan(24 + (24 * index), 24);
        return (BinaryPrimitives.ReadInt32LittleEndian(entry[8..]), BinaryPrimitives.ReadInt32LittleEndian(entry[12..]), BinaryPrimitives.ReadInt32LittleEndian(entry[16..]));
    }
}
