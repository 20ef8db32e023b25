using System.Diagnostics;
using Hearth.Linux;
using Hearth.Machine;
using Hearth.Protocol;
using Hearth.Vm.Display;

namespace Hearth.Vm.Tests.Display;

public sealed class GuestDisplayTests : IDisposable
{
    private const int Long = 20_000;
    private const int Short = 100;
    private static readonly DisplaySize s_size = new(640, 480);

    private readonly DisplayRig _rig = new();

    public void Dispose() => _rig.Dispose();

    [Fact]
    public void Frame_isMadeWhenItIsAskedForAndWanted()
    {
        var card = new DrawingCard(_rig.Display, s_size);
        _rig.Display.Connect(card);

        _rig.Display.RequestRefresh();
        Assert.False(_rig.WaitReady(Short));
        _rig.Wanted.Signal();
        Assert.True(_rig.WaitReady(Long));
        _rig.Wanted.Signal();
        Assert.False(_rig.WaitReady(Short));
        _rig.Display.RequestRefresh();
        Assert.True(_rig.WaitReady(Long));

        var picture = new ScanoutPicture();
        Assert.True(picture.TryTake(_rig.Shared));
        Assert.Equal((640, 480), (picture.Width, picture.Height));
        Assert.Equal(-1, picture.Pixels.IndexOfAnyExcept((byte)2));
        Assert.Equal(2, card.Frames);
    }

    [Fact]
    public void Frames_ofAnEagerCardAndViewer_comeSixtyTimesASecond()
    {
        var card = new DrawingCard(_rig.Display, s_size) { IsEager = true };
        _rig.Display.Connect(card);
        _rig.Display.RequestRefresh();
        long start = Stopwatch.GetTimestamp();

        while (Stopwatch.GetElapsedTime(start).TotalMilliseconds < 500)
        {
            _rig.Wanted.Signal();
            _rig.WaitReady(Short);
        }

        double most = (Stopwatch.GetElapsedTime(start).TotalSeconds * 60) + 2;
        Assert.InRange(card.Frames, 2, most);
    }

    [Fact]
    public void Picture_takenWhileFramesAreWritten_isNeverTorn()
    {
        var card = new DrawingCard(_rig.Display, s_size) { IsEager = true };
        _rig.Display.Connect(card);
        _rig.Display.RequestRefresh();
        var picture = new ScanoutPicture();
        int taken = 0;
        long start = Stopwatch.GetTimestamp();

        while (Stopwatch.GetElapsedTime(start).TotalMilliseconds < 1000)
        {
            _rig.Wanted.Signal();
            if (!picture.TryTake(_rig.Shared) || picture.Width == 0)
                continue;
            Assert.Equal(-1, picture.Pixels.IndexOfAnyExcept(picture.Pixels[0]));
            taken++;
        }

        Assert.True(taken > 0 && card.Frames > 1);
    }

    [Fact]
    public void Wish_reachesTheCard_unlessItIsNonsense()
    {
        var card = new DrawingCard(_rig.Display, s_size);
        _rig.Display.Connect(card);
        Assert.Equal(s_size, _rig.Display.Scanout(0).Wish);

        _rig.WriteWish(-5, 100_000);
        _rig.Wanted.Signal();
        _rig.Display.RequestRefresh();
        Assert.True(_rig.WaitReady(Long));
        Assert.Equal((0, s_size), (card.Wishes, _rig.Display.Scanout(0).Wish));

        _rig.WriteWish(800, 600);
        _rig.Wanted.Signal();
        _rig.Display.RequestRefresh();
        Assert.True(_rig.WaitReady(Long));

        Assert.Equal((1, new DisplaySize(800, 600)), (card.Wishes, _rig.Display.Scanout(0).Wish));
    }

    [Fact]
    public void PictureFile_cannotBeWrittenByWhoLooks()
    {
        Assert.Throws<LinuxException>(() => MappedMemory.Shared(_rig.PictureFile, ScanoutLayout.Length));
        Assert.Throws<LinuxException>(() => _rig.PictureFile.Write([1]));
    }

    [Fact]
    public void Files_thatCanBeCutShort_areRefused()
    {
        FileDescriptor picture = FileDescriptor.CreateMemory("picture", ScanoutLayout.Length);
        FileDescriptor wish = FileDescriptor.CreateMemory("wish", ScanoutWish.Length);
        using var ready = new EventDescriptor();

        Assert.Throws<MachineException>(() => new ScanoutFile(new ScanoutConfiguration(picture.Number, wish.Number, ready.Number)));
    }

    [Fact]
    public void Damage_andCursor_areInTheHeader()
    {
        IScanout screen = _rig.Display.Scanout(0);
        for (int i = 0; i < 70; i++)
        {
            screen.TryBegin(s_size, out bool isNew);
            Assert.Equal(i == 0, isNew);
            screen.Damage(new DisplayArea(i, 1, 2, 3));
            screen.End();
        }

        screen.SetCursor(new CursorState(true, -7, 9, 1, 2));

        ReadOnlySpan<byte> header = _rig.Shared[..ScanoutLayout.PixelOffset];
        Assert.Equal(70, BitConverter.ToInt64(header[ScanoutLayout.DamageCount..]));
        Assert.Equal(69, BitConverter.ToInt32(header[(ScanoutLayout.Damage + (5 * ScanoutLayout.DamageLength))..]));
        Assert.Equal(1, BitConverter.ToInt32(header[ScanoutLayout.CursorVisible..]));
        Assert.Equal((-7, 9), (BitConverter.ToInt32(header[ScanoutLayout.CursorX..]), BitConverter.ToInt32(header[ScanoutLayout.CursorY..])));
        Assert.Equal(0, BitConverter.ToInt64(header[ScanoutLayout.Generation..]) & 1);
    }

    [Fact]
    public void Size_thatIsImpossible_isNoFrame()
    {
        IScanout screen = _rig.Display.Scanout(0);

        Assert.False(screen.TryBegin(new DisplaySize(8192, 8192), out _));
        Assert.False(screen.TryBegin(new DisplaySize(0, 5), out _));
    }
}
