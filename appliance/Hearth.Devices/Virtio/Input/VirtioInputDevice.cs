using System.Buffers.Binary;
using Hearth.Machine;

namespace Hearth.Devices.Virtio.Input;

/// <summary>A virtio input device: keyboard, mouse, tablet, touch screen or gamepad (virtio 1.2, section 5.8).</summary>
/// <remarks>
/// What the host reports changes the state the device has; what the guest gets is the difference to the state it was told of, in whole
/// reports. When its buffers run out nothing is queued: the next report that fits has what changed meanwhile, so that a key that was
/// released in between is never left down, and one that was pressed and released is not told at all.
/// </remarks>
public sealed class VirtioInputDevice : VirtioDevice, IInputDevice
{
    private const ushort DeviceType = 18;
    private const ushort QueueSize = 64;
    private const int EventQueue = 0;
    private const int StatusQueue = 1;
    private const int EventLength = 8;

    // A report with its end fits into the smaller half of what drivers offer.
    private const int LongestReport = 32;

    private readonly InputProfile _profile;
    private readonly IInputObserver _observer;
    private readonly DescriptorChain _chain;
    private readonly InputState _now;
    private readonly InputState _told;
    private readonly InputEvent[] _report = new InputEvent[LongestReport];
    private InputLights _lights;

    /// <param name="observer">Hears of the keyboard's lights.</param>
    public VirtioInputDevice(string name, InputDeviceKind kind, IInputObserver observer, DeviceContext context)
        : this(name, InputProfileTable.Of(kind), observer, context)
    {
    }

    private VirtioInputDevice(string name, InputProfile profile, IInputObserver observer, DeviceContext context)
        : base(name, new VirtioIdentity(DeviceType, profile.ClassCode), [QueueSize, QueueSize], InputConfiguration.Length, context)
    {
        ArgumentNullException.ThrowIfNull(observer);
        _profile = profile;
        _observer = observer;
        _chain = new DescriptorChain(Ram, QueueSize);
        _now = new InputState(profile);
        _told = new InputState(profile);
    }

    public InputDeviceKind Kind => _profile.Kind;

    public bool IsReady
    {
        get
        {
            lock (Sync)
                return (Status & (VirtioStatus.DriverOk | VirtioStatus.NeedsReset)) == VirtioStatus.DriverOk;
        }
    }

    public InputLights Lights
    {
        get
        {
            lock (Sync)
                return _lights;
        }
    }

    protected override ulong DeviceFeatures => 0;

    public void Report(ReadOnlySpan<InputEvent> events)
    {
        lock (Sync)
        {
            foreach (InputEvent change in events)
                _now.Apply(change);
            TellLocked();
        }
    }

    public void ReleaseAll()
    {
        lock (Sync)
        {
            _now.ReleaseAll();
            TellLocked();
        }
    }

    public override void Notify(int queue)
    {
        bool changed;
        lock (Sync)
        {
            InputLights before = _lights;
            if (queue == EventQueue)
                TellLocked();
            else
                TakeStatusLocked();
            changed = _lights != before;
        }

        if (changed)
            _observer.LightsChanged(this);
    }

    protected internal override void WriteConfigurationLocked(uint offset, AccessWidth width, ulong value)
    {
        for (uint i = 0; i < (uint)width && offset + i <= InputConfiguration.Subselect; i++)
            Configuration[(int)(offset + i)] = (byte)(value >> (int)(8 * i));
        InputConfiguration.Fill(Configuration, _profile, Name);
    }

    protected override void ResetDeviceLocked()
    {
        Configuration.Clear();
        _now.Clear();
        _told.Clear();
        _lights = InputLights.None;
    }

    protected override void SaveDeviceLocked(IStateWriter to)
    {
        to.WriteByte(Configuration[InputConfiguration.Select]);
        to.WriteByte(Configuration[InputConfiguration.Subselect]);
        to.WriteByte((byte)_lights);
        _now.Save(to);
        _told.Save(to);
    }

    protected override void RestoreDeviceLocked(IStateReader from)
    {
        Configuration[InputConfiguration.Select] = from.ReadByte();
        Configuration[InputConfiguration.Subselect] = from.ReadByte();
        InputConfiguration.Fill(Configuration, _profile, Name);
        _lights = (InputLights)from.ReadByte();
        _now.Restore(from);
        _told.Restore(from);
    }

    /// <summary>Tells the guest what it does not know yet, as far as its buffers go.</summary>
    private void TellLocked()
    {
        bool told = false;
        while (IsLiveLocked)
        {
            int count = _now.Difference(_told, _report.AsSpan(0, LongestReport - 1));
            if (count == 0)
                break;
            _report[count++] = new InputEvent(InputEventType.Synchronize, 0, 0);
            if (!TrySendLocked(_report.AsSpan(0, count)))
                break;
            told = true;
            foreach (InputEvent change in _report.AsSpan(0, count))
            {
                _told.Settle(change);
                _now.TakeBack(change);
            }
        }

        if (told && IsLiveLocked)
            SignalLocked(Queues[EventQueue]);
    }

    /// <summary>Sends a report, all of it or nothing: the driver sees its events at once.</summary>
    private bool TrySendLocked(ReadOnlySpan<InputEvent> report)
    {
        Virtqueue queue = Queues[EventQueue];
        Span<byte> raw = stackalloc byte[EventLength];
        for (int sent = 0; sent < report.Length; sent++)
        {
            while (!TryPopLocked(queue, _chain))
            {
                if (!IsLiveLocked)
                    return false;

                // The driver is to say when there is more than what goes back now.
                if (queue.EnableNotifications())
                    continue;
                queue.Unpop(sent);
                return false;
            }

            if (_chain.WritableLength < EventLength)
            {
                BreakLocked("a buffer for events is too short", _chain.WritableLength);
                return false;
            }

            BinaryPrimitives.WriteUInt16LittleEndian(raw, report[sent].Type);
            BinaryPrimitives.WriteUInt16LittleEndian(raw[2..], report[sent].Code);
            BinaryPrimitives.WriteInt32LittleEndian(raw[4..], report[sent].Value);
            _chain.Write(0, raw);
            queue.Stage(_chain.Head, EventLength);
        }

        queue.Publish();
        return true;
    }

    private void TakeStatusLocked()
    {
        Virtqueue queue = Queues[StatusQueue];
        Span<byte> raw = stackalloc byte[EventLength];
        while (IsLiveLocked)
        {
            if (TryPopLocked(queue, _chain))
            {
                if (_chain.Read(0, raw) == EventLength)
                    FollowLocked(BinaryPrimitives.ReadUInt16LittleEndian(raw), BinaryPrimitives.ReadUInt16LittleEndian(raw[2..]), BinaryPrimitives.ReadInt32LittleEndian(raw[4..]));
                else
                    LogLocked("a status event is too short", _chain.ReadableLength);
                queue.Push(_chain.Head, 0);
            }
            else if (!IsLiveLocked || !queue.EnableNotifications())
            {
                break;
            }
        }

        if (IsLiveLocked)
            SignalLocked(queue);
    }

    private void FollowLocked(ushort type, ushort code, int value)
    {
        if (type != InputEventType.Light || !_profile.IsKeyboard || 1 << Math.Min(code, (ushort)16) > (int)InputLights.Kana)
            return;
        var light = (InputLights)(1 << code);
        _lights = value == 0 ? _lights & ~light : _lights | light;
    }
}
