using Hearth.Machine;

namespace Hearth.Devices.Virtio;

/// <summary>
/// A virtio device without its transport: status, features, queues and device configuration (virtio 1.2, chapters 2 and 3).
/// </summary>
/// <remarks>
/// <code>
/// reset (0) ─► ACKNOWLEDGE ─► DRIVER ─► FEATURES_OK ─► DRIVER_OK ─── guest breaks a ring ──► DEVICE_NEEDS_RESET
///   ▲              │             │       refused when    │ buffers move only here                   │
///   │              │             │       the choice is   │                                          │
///   │              │             │       not offered     │                                          │
///   └── status 0, once nothing is in flight; until then the status reads as before ◄─────────────────┘
/// </code>
/// Threads: a notification arrives on a vCPU's thread and frames, input or ends of requests on a backend's; all of them take
/// <see cref="Sync"/>. Work a backend does for the device is counted as in flight: reset, queue reset, pause, save and
/// restore wait for it, so a backend never writes to memory the driver has taken back.
/// </remarks>
public abstract class VirtioDevice
{
    private readonly IDeviceLog _log;
    private readonly Virtqueue[] _queues;
    private readonly byte[] _configuration;
    private readonly object _idle = new();
    private IVirtioInterrupts? _interrupts;

    // Changed under Sync; whoever waits for zero is told through _idle, which is taken after Sync.
    private int _inFlight;
    private bool _resetPending;
    private bool _paused;

    /// <param name="name">The name of its section in a saved state.</param>
    /// <param name="identity">What the driver finds.</param>
    /// <param name="queueSizes">The largest size of each queue, powers of two.</param>
    /// <param name="configurationLength">Bytes of the device-specific configuration.</param>
    protected VirtioDevice(
        string name, VirtioIdentity identity, ReadOnlySpan<ushort> queueSizes, int configurationLength, DeviceContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        Name = name;
        Identity = identity;
        Ram = context.Ram;
        _log = context.Log;
        _configuration = new byte[configurationLength];
        _queues = new Virtqueue[queueSizes.Length];
        for (int i = 0; i < _queues.Length; i++)
            _queues[i] = new Virtqueue(i, queueSizes[i], context.Ram);
    }

    public string Name { get; }

    public VirtioIdentity Identity { get; }

    public IReadOnlyList<Virtqueue> Queues => _queues;

    /// <summary>The device's private lock, shared with its transport.</summary>
    public Lock Sync { get; } = new();

    /// <summary>The status field as the driver reads it.</summary>
    public VirtioStatus Status { get; private set; }

    /// <summary>The features the driver chose.</summary>
    public ulong DriverFeatures { get; private set; }

    /// <summary>Everything the device offers.</summary>
    public ulong OfferedFeatures => VirtioFeatures.Common | DeviceFeatures;

    /// <summary>Changes with every change of the device configuration (section 2.5.2).</summary>
    internal byte ConfigurationGeneration { get; private set; }

    internal ReadOnlySpan<byte> ConfigurationBytes => _configuration;

    protected IGuestMemory Ram { get; }

    /// <summary>The features of this kind of device; constant.</summary>
    protected abstract ulong DeviceFeatures { get; }

    /// <summary>The device-specific configuration; written while the machine is built and by <see cref="ChangedConfigurationLocked"/>.</summary>
    protected Span<byte> Configuration => _configuration;

    /// <summary>True while the machine is paused: no memory and no interrupt may change.</summary>
    protected bool IsPausedLocked => _paused;

    /// <summary>True while buffers may move.</summary>
    protected bool IsLiveLocked =>
        (Status & (VirtioStatus.DriverOk | VirtioStatus.NeedsReset)) == VirtioStatus.DriverOk && !_resetPending && !_paused;

    /// <summary>Requests take as long as the host's disk needs.</summary>
    internal virtual bool WaitsForDisk => false;

    /// <summary>The driver made buffers available, or the device may go on. On a vCPU's thread; returns soon.</summary>
    public abstract void Notify(int queue);

    /// <summary>The driver writes the device-specific configuration; most devices have nothing there that can be written.</summary>
    /// <param name="offset">Bytes; past the end of the configuration, too.</param>
    protected internal virtual void WriteConfigurationLocked(uint offset, AccessWidth width, ulong value)
    {
    }

    /// <summary>What the device has to show when the guest has ended.</summary>
    public virtual IReadOnlyList<DeviceFigure> Figures() => [];

    internal void ConnectTo(IVirtioInterrupts interrupts) => _interrupts = interrupts;

    /// <summary>The driver writes the status field. Called without the lock: queues may hold buffers already.</summary>
    internal void WriteStatus(VirtioStatus value)
    {
        bool started;
        lock (Sync)
        {
            bool wasLive = IsLiveLocked;
            WriteStatusLocked(value);
            started = IsLiveLocked && !wasLive;
        }

        if (started)
            NotifyAll();
    }

    /// <summary>Chooses 32 of the features; ignored once they are settled.</summary>
    /// <param name="half">0 for bits 0-31, 1 for 32-63.</param>
    internal void ChooseFeaturesLocked(uint half, uint value)
    {
        if ((Status & VirtioStatus.FeaturesOk) != 0 || half > 1)
            return;
        int shift = (int)half * 32;
        DriverFeatures = (DriverFeatures & ~(0xFFFF_FFFFUL << shift)) | ((ulong)value << shift);
    }

    /// <summary>Enables a queue with the rings the driver placed.</summary>
    internal void EnableQueueLocked(Virtqueue queue)
    {
        if (queue.IsEnabled || (Status & VirtioStatus.FeaturesOk) == 0)
            return;
        if (!queue.TryEnable())
            BreakLocked("the rings of a queue are not in memory, or one on top of the other", (ulong)queue.Index);
    }

    /// <summary>Resets one queue (section 2.6.1); it takes until nothing of it is in flight.</summary>
    internal void ResetQueueLocked(Virtqueue queue)
    {
        if (!queue.IsEnabled || (DriverFeatures & VirtioFeatures.RingReset) == 0)
            return;
        if (queue.InFlight == 0)
            FinishQueueResetLocked(queue);
        else
            queue.IsResetPending = true;
    }

    /// <summary>A register that does not exist or a value that cannot be: counted, and nothing else happens.</summary>
    internal void LogLocked(string message, ulong value) => _log.GuestError(Name, message, value);

    internal void Pause()
    {
        lock (Sync)
            _paused = true;
        WaitUntilIdle();
    }

    internal void Resume()
    {
        lock (Sync)
            _paused = false;
        NotifyAll();
    }

    /// <summary>
    /// Waits, without the lock, until nothing is in flight. No vCPU runs, so nothing new begins for long; once the device is paused nothing begins at all, which is when it is saved, restored
    /// or reset from outside.
    /// </summary>
    internal void WaitUntilIdle()
    {
        lock (_idle)
        {
            while (Volatile.Read(ref _inFlight) != 0)
                Monitor.Wait(_idle);
        }
    }

    internal void ResetLocked()
    {
        Status = VirtioStatus.None;
        DriverFeatures = 0;
        ConfigurationGeneration = 0;
        _resetPending = false;
        foreach (Virtqueue queue in _queues)
        {
            queue.Reset();
            queue.Vector = Virtqueue.NoVector;
        }

        _interrupts?.DeviceResetLocked();
        ResetDeviceLocked();
    }

    internal void SaveLocked(IStateWriter to)
    {
        to.WriteByte((byte)Status);
        to.WriteUInt64(DriverFeatures);
        to.WriteByte(ConfigurationGeneration);
        foreach (Virtqueue queue in _queues)
            queue.Save(to);
        SaveDeviceLocked(to);
    }

    internal void RestoreLocked(IStateReader from)
    {
        Status = (VirtioStatus)from.ReadByte();
        DriverFeatures = from.ReadUInt64() & OfferedFeatures;
        ConfigurationGeneration = from.ReadByte();
        _resetPending = false;
        foreach (Virtqueue queue in _queues)
        {
            queue.Restore(from);
            ApplyFeaturesLocked(queue);
        }

        RestoreDeviceLocked(from);
    }

    /// <summary>To the state after power-on, of what the device itself keeps.</summary>
    protected virtual void ResetDeviceLocked()
    {
    }

    /// <summary>A queue was reset; what the device remembers of it is void.</summary>
    protected virtual void ResetDeviceQueueLocked(Virtqueue queue)
    {
    }

    protected virtual void SaveDeviceLocked(IStateWriter to)
    {
    }

    protected virtual void RestoreDeviceLocked(IStateReader from)
    {
    }

    /// <summary>True when the driver chose the feature.</summary>
    protected bool HasFeature(ulong feature) => (DriverFeatures & feature) != 0;

    /// <summary>Takes the next buffer; a broken ring stops the device.</summary>
    protected bool TryPopLocked(Virtqueue queue, DescriptorChain chain)
    {
        if (queue.IsResetPending)
            return false;
        PopResult result = queue.TryPop(chain);
        if (result == PopResult.Broken)
            BreakLocked(queue.Fault, queue.FaultValue);
        return result == PopResult.Popped;
    }

    /// <summary>Interrupts the driver if it wants to know of what was published.</summary>
    protected void SignalLocked(Virtqueue queue)
    {
        if (queue.TakeSignal())
            _interrupts?.SignalQueueLocked(queue);
    }

    /// <summary>A backend begins to work on a buffer.</summary>
    protected void BeginLocked(Virtqueue queue)
    {
        queue.InFlight++;
        _inFlight++;
    }

    /// <summary>The work on a buffer ended: hands it back, unless the driver has taken the queue back.</summary>
    /// <param name="written">Bytes written from the start of the buffer.</param>
    /// <param name="isLast">The driver is told now; otherwise who calls it does so, with the buffers that follow.</param>
    protected void EndLocked(Virtqueue queue, ushort head, uint written, bool isLast = true)
    {
        queue.InFlight--;
        _inFlight--;
        if (!_resetPending && !queue.IsResetPending && queue.IsEnabled)
        {
            queue.Push(head, written);
            if (isLast)
                SignalLocked(queue);
        }

        if (queue.IsResetPending && queue.InFlight == 0)
            FinishQueueResetLocked(queue);
        if (_inFlight != 0)
            return;
        if (_resetPending)
            ResetLocked();
        lock (_idle)
            Monitor.PulseAll(_idle);
    }

    /// <summary>The guest broke the rules so that the device cannot go on until it is reset (section 2.1.2).</summary>
    protected void BreakLocked(string message, ulong value)
    {
        _log.GuestError(Name, message, value);
        if ((Status & VirtioStatus.NeedsReset) != 0)
            return;
        Status |= VirtioStatus.NeedsReset;
        if ((Status & VirtioStatus.DriverOk) != 0)
            _interrupts?.SignalConfigurationLocked();
    }

    /// <summary>Tells the driver that the device configuration changed.</summary>
    protected void ChangedConfigurationLocked()
    {
        ConfigurationGeneration++;
        if ((Status & VirtioStatus.DriverOk) != 0)
            _interrupts?.SignalConfigurationLocked();
    }

    private void WriteStatusLocked(VirtioStatus value)
    {
        if (value == VirtioStatus.None)
        {
            if (_inFlight == 0)
                ResetLocked();
            else
                _resetPending = true;
            return;
        }

        // The driver sets bits and never takes them back; DEVICE_NEEDS_RESET is not its own.
        VirtioStatus added = value & ~Status & ~VirtioStatus.NeedsReset;
        if (_resetPending || added == VirtioStatus.None)
            return;
        if ((added & VirtioStatus.FeaturesOk) != 0 && !AcceptFeaturesLocked())
            added &= ~VirtioStatus.FeaturesOk;
        if ((added & VirtioStatus.DriverOk) != 0 && ((Status | added) & VirtioStatus.FeaturesOk) == 0)
        {
            _log.GuestError(Name, "a driver starts before its features are settled", (ulong)value);
            added &= ~VirtioStatus.DriverOk;
        }

        Status |= added;
    }

    private bool AcceptFeaturesLocked()
    {
        if ((DriverFeatures & ~OfferedFeatures) != 0 || !HasFeature(VirtioFeatures.Version1))
        {
            _log.GuestError(Name, "a driver chooses features that are not offered, or leaves out VERSION_1", DriverFeatures);
            return false;
        }

        foreach (Virtqueue queue in _queues)
            ApplyFeaturesLocked(queue);
        return true;
    }

    private void ApplyFeaturesLocked(Virtqueue queue)
    {
        queue.UsesEventIndex = HasFeature(VirtioFeatures.EventIndex);
        queue.AllowsIndirect = HasFeature(VirtioFeatures.IndirectDescriptors);
    }

    private void FinishQueueResetLocked(Virtqueue queue)
    {
        queue.Reset();
        ResetDeviceQueueLocked(queue);
    }

    private void NotifyAll()
    {
        for (int i = 0; i < _queues.Length; i++)
            Notify(i);
    }
}
