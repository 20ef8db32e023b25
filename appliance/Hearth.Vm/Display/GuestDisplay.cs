using System.Diagnostics;
using Hearth.Linux;
using Hearth.Machine;
using Hearth.Protocol;

namespace Hearth.Vm.Display;

/// <summary>The screens of a guest, and the thread that asks its graphics card for frames. See docs/display.md.</summary>
/// <remarks>
/// A frame is made when the card asked for it (<see cref="RequestRefresh"/>) and somebody looks, who signals <c>Wanted</c> after each frame that he has shown;
/// but not before a frame's time after the last one. Otherwise the thread sleeps.
/// </remarks>
internal sealed class GuestDisplay : IDisplay, IDisposable
{
    /// <summary>What is made for faster eyes than 60 Hz would take the guest's time.</summary>
    private const double FrameMilliseconds = 1000 / 60.0;

    private readonly List<ScanoutFile> _scanouts = [];
    private readonly EventDescriptor _wanted;
    private readonly EventDescriptor _wake = new();
    private readonly ManualResetEvent _ending = new(false);
    private readonly FileDescriptor? _lastViewer;

    // Held while the card is called; taken before the card's own lock.
    private readonly Lock _calls = new();
    private IDisplaySource? _source;
    private Thread? _thread;
    private int _requested;
    private bool _isWanted;

    /// <exception cref="MachineException">A file cannot be what it is meant to be.</exception>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public GuestDisplay(DisplayConfiguration configuration)
    {
        if (configuration.Scanouts.Count is < 1 or > IDisplay.MaximumScanouts)
            throw new MachineException($"a guest has 1 to {IDisplay.MaximumScanouts} screens, not {configuration.Scanouts.Count}");
        _wanted = new EventDescriptor(configuration.Wanted);
        _lastViewer = configuration.LastViewer is { } number ? new FileDescriptor(number) : null;
        foreach (ScanoutConfiguration scanout in configuration.Scanouts)
            _scanouts.Add(new ScanoutFile(scanout));
    }

    public int ScanoutCount => _scanouts.Count;

    public IScanout Scanout(int index) => _scanouts[index];

    public void Connect(IDisplaySource source)
    {
        lock (_calls)
            _source = source;
        _thread = new Thread(Run) { Name = "display", IsBackground = true };
        _thread.Start();
    }

    public void Disconnect()
    {
        lock (_calls)
            _source = null;
    }

    public void RequestRefresh()
    {
        if (Interlocked.Exchange(ref _requested, 1) == 0)
            _wake.Signal();
    }

    /// <summary>Shows the guest's last picture, whether or not somebody looks, and lets who waits for that take it. The machine is paused.</summary>
    public void ShowLast()
    {
        Refresh();
        if (_lastViewer is null)
            return;
        try
        {
            _lastViewer.Write([0]);
            if (Descriptors.WaitReadable(_lastViewer, TimeSpan.FromSeconds(30)))
                _ = _lastViewer.Read(new byte[1]);
        }
        catch (LinuxException)
        {
            // He is gone: he has what he wanted.
        }
    }

    public void Dispose()
    {
        Disconnect();
        _ending.Set();
        _wake.Signal();
        _thread?.Join();
        foreach (ScanoutFile scanout in _scanouts)
            scanout.Dispose();
        _lastViewer?.Dispose();
        _wanted.Dispose();
        _wake.Dispose();
        _ending.Dispose();
    }

    private void Run()
    {
        long last = 0;
        try
        {
            while (true)
            {
                Descriptors.WaitSignalled(_wanted, _wake);
                double left = FrameMilliseconds - Stopwatch.GetElapsedTime(last).TotalMilliseconds;
                if (_ending.WaitOne((int)Math.Clamp(Math.Ceiling(left), 0, FrameMilliseconds)))
                    return;
                last = Stopwatch.GetTimestamp();
                Serve();
            }
        }
        catch (LinuxException)
        {
            // The kernel does not tell what the guest has written: the picture stands still, and the guest goes on.
        }
    }

    private void Serve()
    {
        _wake.TryTake();
        if (_wanted.TryTake())
        {
            _isWanted = true;
            FollowWishes();
        }

        if (!_isWanted || Interlocked.Exchange(ref _requested, 0) == 0)
            return;
        foreach (ScanoutFile scanout in _scanouts)
            scanout.HasShown = false;
        Refresh();
        foreach (ScanoutFile scanout in _scanouts)
            _isWanted &= !scanout.HasShown;
    }

    private void FollowWishes()
    {
        bool changed = false;
        foreach (ScanoutFile scanout in _scanouts)
            changed |= scanout.ReadWish();
        if (!changed)
            return;
        lock (_calls)
            _source?.WishChanged();
    }

    private void Refresh()
    {
        lock (_calls)
            _source?.Refresh();
    }
}
