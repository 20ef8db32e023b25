using Hearth.Machine;

namespace Hearth.Devices.Platform.Pvpanic;

/// <summary>
/// The port by which a guest's kernel says that it panicked (QEMU, docs/specs/pvpanic): a read gives the events that are understood, a write tells of one.
/// </summary>
public sealed class PvpanicDevice : IMachineDevice, IBusDevice
{
    private const byte Version = 1;

    private readonly Lock _lock = new();
    private readonly IMachineControl _control;
    private readonly IDeviceLog _log;

    // A dump is told of once until a reset: a guest that says it for ever is not to fill the host's log.
    private bool _dumps;

    public PvpanicDevice(IMachineControl control, IDeviceLog log)
    {
        _control = control;
        _log = log;
    }

    public string Name => "pvpanic";

    public ulong Read(ulong offset, AccessWidth width) => PvpanicRegisters.Known;

    public void Write(ulong offset, AccessWidth width, ulong value)
    {
        byte events = (byte)value;
        if ((events & ~PvpanicRegisters.Known) != 0)
            _log.GuestError(Name, "an event that is not known", events);
        if ((events & PvpanicRegisters.Panicked) != 0)
            _control.GuestPanicked(isDumping: false);
        else if ((events & PvpanicRegisters.CrashLoaded) != 0 && BeginDump())
            _control.GuestPanicked(isDumping: true);
    }

    public void Reset()
    {
        lock (_lock)
            _dumps = false;
    }

    public void Save(IStateWriter to)
    {
        lock (_lock)
        {
            to.WriteVersion(Version);
            to.WriteBoolean(_dumps);
        }
    }

    public void Restore(IStateReader from)
    {
        lock (_lock)
        {
            from.ReadVersion(Name, Version);
            _dumps = from.ReadBoolean();
        }
    }

    /// <returns>False when it is known already.</returns>
    private bool BeginDump()
    {
        lock (_lock)
        {
            bool isNew = !_dumps;
            _dumps = true;
            return isNew;
        }
    }
}
