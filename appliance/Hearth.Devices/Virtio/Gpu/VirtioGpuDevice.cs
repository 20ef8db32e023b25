using System.Buffers.Binary;
using Hearth.Machine;

namespace Hearth.Devices.Virtio.Gpu;

/// <summary>A virtio graphics device without 3D, with up to four screens (virtio 1.2, section 5.7).</summary>
/// <remarks>
/// Commands are carried out on the vCPU's thread that notified: all of them but transfers are a few words of work, and a transfer is a copy that somebody has to make.
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

    private readonly IDisplay _display;
    private readonly GpuScanout[] _scanouts;
    private readonly GpuResources _resources = new();
    private readonly GpuCommands _commands;
    private readonly DescriptorChain _chain;

    /// <param name="display">The screens; used by this device alone.</param>
    public VirtioGpuDevice(string name, IDisplay display, DeviceContext context)
        : base(name, new VirtioIdentity(DeviceType, DisplayClass), [ControlQueueSize, CursorQueueSize], GpuRegisters.ConfigurationLength, context)
    {
        ArgumentNullException.ThrowIfNull(display);
        if (display.ScanoutCount is < 1 or > IDisplay.MaximumScanouts)
            throw new MachineException($"A graphics device has 1 to {IDisplay.MaximumScanouts} screens, not {display.ScanoutCount}.");
        _display = display;
        _scanouts = new GpuScanout[display.ScanoutCount];
        for (int i = 0; i < _scanouts.Length; i++)
            _scanouts[i] = new GpuScanout();
        _commands = new GpuCommands(Ram, display, _resources, _scanouts);
        _chain = new DescriptorChain(Ram, ControlQueueSize);
        BinaryPrimitives.WriteInt32LittleEndian(Configuration[GpuRegisters.ScanoutCount..], _scanouts.Length);
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
            Virtqueue from = Queues[queue];
            while (IsLiveLocked)
            {
                if (TryPopLocked(from, _chain))
                    from.Push(_chain.Head, ExecuteLocked(queue));
                else if (!IsLiveLocked || !from.EnableNotifications())
                    break;
            }

            if (IsLiveLocked)
                SignalLocked(from);
            RequestRefreshLocked();
        }
    }

    public void Refresh()
    {
        lock (Sync)
        {
            for (int i = 0; i < _scanouts.Length; i++)
                ShowLocked(_scanouts[i], _display.Scanout(i));
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

    private uint ExecuteLocked(int queue)
    {
        if (queue == ControlQueue)
            return _commands.Execute(_chain);
        if (!_commands.TryMoveCursor(_chain))
            LogLocked("a cursor command is none, or names what is not there", _chain.ReadableLength);
        return 0;
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
