using Hearth.Machine;

namespace Hearth.Vm.Tests.Display;

/// <summary>A graphics card that fills its screen with one number, another one each time.</summary>
internal sealed class DrawingCard(IDisplay display, DisplaySize size) : IDisplaySource
{
    private int _frames;
    private int _wishes;

    public int Frames => Volatile.Read(ref _frames);

    public int Wishes => Volatile.Read(ref _wishes);

    /// <summary>Asks for the next frame at the end of each.</summary>
    public bool IsEager { get; init; }

    public void Refresh()
    {
        IScanout screen = display.Scanout(0);
        byte number = (byte)Interlocked.Increment(ref _frames);
        if (!screen.TryBegin(size, out _))
            return;
        for (int y = 0; y < size.Height; y++)
            screen.Row(y).Fill(number);
        screen.Damage(DisplayArea.Of(size));
        screen.End();
        if (IsEager)
            display.RequestRefresh();
    }

    public void WishChanged() => Interlocked.Increment(ref _wishes);
}
