namespace Hearth.Machine;

/// <summary>One screen: a frame in memory that the host shares with whoever shows it, and a cursor over it.</summary>
/// <remarks>Everything but <see cref="Wish"/> belongs to <see cref="IDisplaySource.Refresh"/>.</remarks>
public interface IScanout
{
    /// <summary>The size the host would like to see; nothing where no screen is plugged in. Changes at any time.</summary>
    DisplaySize Wish { get; }

    /// <summary>Begins a frame. Nobody takes it for a picture before <see cref="End"/>.</summary>
    /// <param name="isNew">Nothing of the frame before is left: every pixel has to be written.</param>
    /// <returns>False for a size that is not possible.</returns>
    bool TryBegin(DisplaySize size, out bool isNew);

    /// <summary>A row of the frame that was begun: XRGB8888, blue in the lowest byte, 4 bytes a pixel. It has what the frame before had there.</summary>
    Span<byte> Row(int y);

    /// <summary>These pixels were written since <see cref="TryBegin"/>.</summary>
    void Damage(DisplayArea area);

    /// <summary>Shows the frame.</summary>
    void End();

    /// <summary>Shows nothing.</summary>
    void TurnOff();

    /// <summary>Changes the cursor's image.</summary>
    /// <param name="image"><see cref="CursorState.Length"/> squared pixels, ARGB8888 with blue in the lowest byte; the colours are not multiplied by alpha.</param>
    void SetCursorImage(ReadOnlySpan<byte> image);

    /// <summary>Places, shows or hides the cursor.</summary>
    void SetCursor(CursorState cursor);
}
