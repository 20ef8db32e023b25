namespace Hearth.Machine;

/// <summary>The host's side of a video device: the screens it may show pictures on.</summary>
/// <remarks>
/// <code>
/// device: something changed ── RequestRefresh ──► display: when somebody looks, and a frame's time after the last one ── Refresh ──► device: writes frames
/// </code>
/// So nothing is copied while nobody looks, and what changes many times between two frames is copied once.
/// </remarks>
public interface IDisplay
{
    /// <summary>The most scanouts a display has.</summary>
    const int MaximumScanouts = 4;

    /// <summary>1 to 4; constant.</summary>
    int ScanoutCount { get; }

    IScanout Scanout(int index);

    /// <summary>Connects the device; called once, before the machine runs.</summary>
    void Connect(IDisplaySource source);

    /// <summary>Waits until the device is not called, and never calls it again. No lock is held that the device takes when it is called.</summary>
    void Disconnect();

    /// <summary>The device has something new, or wants to look for it at the next frame. From any thread, with any lock held; many requests become one.</summary>
    void RequestRefresh();
}

/// <summary>The device's side of a display; called on the display's thread, by one call at a time.</summary>
public interface IDisplaySource
{
    /// <summary>Brings the scanouts up to date.</summary>
    void Refresh();

    /// <summary><see cref="IScanout.Wish"/> of a scanout changed.</summary>
    void WishChanged();
}
