using System.Buffers.Binary;
using Hearth.Machine;

namespace Hearth.Devices.Virtio.Gpu;

/// <summary>A virtio graphics device without 3D, with up to four screens (virtio 1.2, section 5.7).</summary>
/// <remarks>
/// Commands are carried out on the vCPU's thread that notified: they are a few words of work, or copy a small part of a picture. A long copy is the worker's, which goes on with what follows in the
/// control queue until that is empty; so commands keep their order, and the guest draws its next picture meanwhile. Lock order: <see cref="_copying"/>, then the device's lock.
/// A flush only notes what changed; the display asks for frames when somebody looks, on its own thread, and gets each change once.
/// The display's frame is memory, which is why it is written under the lock.
/// </remarks>
public sealed class VirtioGpuDevice : VirtioDevice, IDisplaySource
{
    private const ushort DeviceType = 16;
    private const uint DisplayClass = 0x038000;
    private const ushort ControlQueueSize = 256;
    private const ushort CursorQueueSize = 16;
    private const int ControlQueue = 0;
    private const int CursorQueue = 1;

    private readonly IDisplay _display;
    private readonly GpuScanout[] _scanouts;
    private readonly GpuResources _resources = new();
    private readonly IWorker _worker;
    private readonly GpuCommands _commands;
    private readonly GpuCommands _cursorCommands;
    private readonly DescriptorChain _chain;
    private readonly DescriptorChain _cursorChain;

    /// <summary>Held while the worker copies: a frame with half of a copy would be seen.</summary>
    private readonly Lock _copying = new();

    /// <summary>What the worker has to copy, or copies; null while it has nothing to do. In flight.</summary>
    private GpuTransfer? _transfer;

    /// <param name="display">The screens; used by this device alone.</param>
    /// <param name="worker">Used by this device alone.</param>
    public VirtioGpuDevice(string name, IDisplay display, IWorker worker, DeviceContext context)
        : base(name, new VirtioIdentity(DeviceType, DisplayClass), [ControlQueueSize, CursorQueueSize], GpuRegisters.ConfigurationLength, context)
    {
        ArgumentNullException.ThrowIfNull(display);
        if (display.ScanoutCount is < 1 or > IDisplay.MaximumScanouts)
            throw new MachineException($"A graphics device has 1 to {IDisplay.MaximumScanouts} screens, not {display.ScanoutCount}.");
        _display = display;
        _scanouts = new GpuScanout[display.ScanoutCount];
        for (int i = 0; i < _scanouts.Length; i++)
            _scanouts[i] = new GpuScanout();
        _worker = worker;
        _commands = new GpuCommands(Ram, display, _resources, _scanouts);
        _cursorCommands = new GpuCommands(Ram, display, _resources, _scanouts);
        _chain = new DescriptorChain(Ram, ControlQueueSize);
        _cursorChain = new DescriptorChain(Ram, CursorQueueSize);
        BinaryPrimitives.WriteInt32LittleEndian(Configuration[GpuRegisters.ScanoutCount..], _scanouts.Length);
        worker.Connect(Work);
        display.Connect(this);
    }

    protected override ulong DeviceFeatures => GpuRegisters.FeatureEdid;

    private uint Events
    {
        get => BinaryPrimitives.ReadUInt32LittleEndian(Configuration[GpuRegisters.EventsRead..]);
        set => BinaryPrimitives.WriteUInt32LittleEndian(Configuration[GpuRegisters.EventsRead..], value);
    }

    public override void Notify(int queue)
    {
        lock (Sync)
        {
            AnnounceWishesLocked();
            if (queue == ControlQueue)
                ExecuteLocked();
            else
                MoveCursorsLocked();
            RequestRefreshLocked();
        }
    }

    public void Refresh()
    {
        lock (_copying)
        {
            lock (Sync)
            {
                for (int i = 0; i < _scanouts.Length; i++)
                    ShowLocked(_scanouts[i], _display.Scanout(i));
            }
        }
    }

    public void WishChanged()
    {
        lock (Sync)
            AnnounceWishesLocked();
    }

    protected internal override void WriteConfigurationLocked(uint offset, AccessWidth width, ulong value)
    {
        if (offset == GpuRegisters.EventsClear && width == AccessWidth.Dword)
            Events &= ~(uint)value;
    }

    protected override void ResetDeviceLocked()
    {
        Events = 0;
        _resources.Clear();
        for (int i = 0; i < _scanouts.Length; i++)
        {
            _scanouts[i].Reset();
            _scanouts[i].Told = _display.Scanout(i).Wish;
        }

        _display.RequestRefresh();
    }

    protected override void SaveDeviceLocked(IStateWriter to)
    {
        to.WriteUInt32(Events);
        GpuState.Save(to, _resources, _scanouts);
    }

    protected override void RestoreDeviceLocked(IStateReader from)
    {
        Events = from.ReadUInt32() & GpuRegisters.EventDisplay;
        GpuState.Restore(from, _resources, _scanouts, Ram);
        _display.RequestRefresh();
    }

    private static void ShowLocked(GpuScanout scanout, IScanout screen)
    {
        if (scanout.Resource is { } resource)
            ShowPicture(scanout, resource, screen);
        else if (scanout.IsSwitched)
            screen.TurnOff();
        scanout.IsSwitched = false;
        scanout.Damage.Clear();
        if (scanout.IsCursorImageNew)
            screen.SetCursorImage(scanout.CursorImage);
        if (scanout.IsCursorNew)
            screen.SetCursor(scanout.Cursor);
        scanout.IsCursorImageNew = false;
        scanout.IsCursorNew = false;
    }

    private static void ShowPicture(GpuScanout scanout, GpuResource resource, IScanout screen)
    {
        var size = new DisplaySize(scanout.Area.Width, scanout.Area.Height);
        if (scanout.Damage.IsEmpty || !screen.TryBegin(size, out bool isNew))
            return;
        if (isNew)
            scanout.Damage.Add(DisplayArea.Of(size));
        foreach (DisplayArea area in scanout.Damage.Areas)
        {
            int left = area.X * DisplaySize.PixelLength;
            for (int y = area.Y; y < area.Y + area.Height; y++)
            {
                ReadOnlySpan<byte> pixels = resource.Row(scanout.Area.Y + y, scanout.Area.X + area.X, area.Width);
                PixelConversion.Convert(resource.Format, pixels, screen.Row(y).Slice(left, pixels.Length));
            }

            screen.Damage(area);
        }

        screen.End();
    }

    /// <summary>Carries out commands up to a long transfer, which the worker makes; while it does, commands wait.</summary>
    private void ExecuteLocked()
    {
        if (_transfer is not null)
            return;
        Virtqueue queue = Queues[ControlQueue];
        while (IsLiveLocked && _transfer is null)
        {
            if (TryPopLocked(queue, _chain))
            {
                uint written = _commands.Execute(_chain, out _transfer);
                if (_transfer is null)
                    queue.Push(_chain.Head, written);
            }
            else if (!IsLiveLocked || !queue.EnableNotifications())
            {
                break;
            }
        }

        if (_transfer is not null)
        {
            BeginLocked(queue);
            _worker.Request();
        }

        if (IsLiveLocked)
            SignalLocked(queue);
    }

    /// <summary>Makes the transfer at hand, and goes on with what follows it. On the worker's thread.</summary>
    private void Work()
    {
        // Nobody else touches a transfer that is in flight, nor the command it came with.
        bool isDone;
        lock (_copying)
            isDone = _transfer!.Value.TryRun(Ram);
        lock (Sync)
        {
            _transfer = null;
            Virtqueue queue = Queues[ControlQueue];

            // One interrupt for it and the flush behind it. A pause would keep that back for too long.
            EndLocked(queue, _chain.Head, _commands.Finish(_chain, isDone), isLast: IsPausedLocked);
            ExecuteLocked();
            RequestRefreshLocked();
        }
    }

    private void MoveCursorsLocked()
    {
        Virtqueue queue = Queues[CursorQueue];
        while (IsLiveLocked)
        {
            if (TryPopLocked(queue, _cursorChain))
                MoveCursorLocked(queue);
            else if (!IsLiveLocked || !queue.EnableNotifications())
                break;
        }

        if (IsLiveLocked)
            SignalLocked(queue);
    }

    private void MoveCursorLocked(Virtqueue queue)
    {
        if (!_cursorCommands.TryMoveCursor(_cursorChain))
            LogLocked("a cursor command is none, or names what is not there", _cursorChain.ReadableLength);
        queue.Push(_cursorChain.Head, 0);
    }

    private void RequestRefreshLocked()
    {
        foreach (GpuScanout scanout in _scanouts)
        {
            if (scanout.IsSwitched || !scanout.Damage.IsEmpty || scanout.IsCursorNew)
            {
                _display.RequestRefresh();
                return;
            }
        }
    }

    /// <summary>Tells the driver that other sizes are wished than it was told (section 5.7.4).</summary>
    private void AnnounceWishesLocked()
    {
        if (IsPausedLocked || (Status & VirtioStatus.DriverOk) == 0)
            return;
        bool changed = false;
        for (int i = 0; i < _scanouts.Length; i++)
        {
            DisplaySize wish = _display.Scanout(i).Wish;
            changed |= _scanouts[i].Told != wish;
            _scanouts[i].Told = wish;
        }

        if (!changed)
            return;
        Events |= GpuRegisters.EventDisplay;
        ChangedConfigurationLocked();
    }
}
