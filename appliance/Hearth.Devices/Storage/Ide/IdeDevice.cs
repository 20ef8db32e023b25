using Hearth.Devices.Pci;
using Hearth.Machine;

namespace Hearth.Devices.Storage.Ide;

/// <summary>
/// The IDE function of the PIIX3 (Intel 82371SB datasheet, sections 2.3 and 4.4), function 00:01.1: two channels at the ports and interrupts of the AT, with
/// bus masters, for up to four disks and CDs.
/// </summary>
/// <remarks>
/// The lock is held while registers and drives change, and never while a backend is called: what a drive wants from its backend is noted, and one thread at
/// a time, a vCPU's or the backend's, hands it over when the lock is free.
/// </remarks>
public sealed class IdeDevice : PciFunction, IPausableDevice, IBlockCompletion
{
    /// <summary>Places for drives: the primary channel's two, then the secondary's.</summary>
    public const int DriveCount = 4;

    private const byte StateVersion = 1;
    private const int ChannelCount = 2;
    private const int DrivesOfChannel = 2;
    private const int BusMasterBar = 4;
    private const int MasterPortsOfChannel = 8;

    private readonly IdeChannel[] _channels = new IdeChannel[ChannelCount];
    private readonly object _idle = new();
    private int _inFlight;
    private bool _isPumping;
    private bool _isPaused;

    /// <param name="drives">At most <see cref="DriveCount"/>; null where a place is empty.</param>
    /// <exception cref="MachineException">A drive cannot be what it is said to be.</exception>
    public IdeDevice(DeviceContext context, IReadOnlyList<IdeUnit?> drives)
        : base("ide", new PciIdentity(0x8086, 0x7010, 0, 0x010180, 0), context, new Lock())
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(drives);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(drives.Count, DriveCount);
        for (int i = 0; i < ChannelCount; i++)
        {
            IInterruptLine line = context.Line(i == 0 ? IdeRegisters.PrimaryInterrupt : IdeRegisters.SecondaryInterrupt);
            _channels[i] = new IdeChannel(line, new BusMaster(Name, context.Ram, context.Log));
            Configuration.DefineUInt16(IdeRegisters.Timing + (2 * i), 0, ushort.MaxValue);
            MapPorts(context.Ports, i);
        }

        for (int i = 0; i < drives.Count; i++)
        {
            if (drives[i] is { } unit)
                _channels[i / DrivesOfChannel].Plug(i % DrivesOfChannel, unit.IsCd ? new AtapiCd(unit.Backend, unit.Serial) : new AtaDisk(unit.Backend!, unit.Serial));
        }

        AddBar(BusMasterBar, PciBarKind.Io, IdeRegisters.BusMasterPorts, new IdeBusMasterPorts(this));
    }

    /// <summary>Puts another disc into a CD drive, or takes the one out that is there.</summary>
    /// <param name="place">0 to 3; a place with a CD drive.</param>
    /// <param name="medium">Null for none.</param>
    public void ChangeMedium(int place, IBlockBackend? medium)
    {
        WaitUntilIdle();
        lock (Sync)
        {
            if (Drive(place) is not AtapiCd cd)
                throw new MachineException($"There is no CD drive in place {place} of the IDE channels.");
            cd.Change(medium);
        }
    }

    public void Pause()
    {
        lock (Sync)
            _isPaused = true;
        WaitUntilIdle();
    }

    public void Resume()
    {
        lock (Sync)
            _isPaused = false;
        Pump();
    }

    public void Complete(int tag, BlockStatus status)
    {
        lock (Sync)
        {
            _channels[tag / DrivesOfChannel].Complete(tag % DrivesOfChannel, status);
            _inFlight--;
            if (_inFlight == 0)
            {
                lock (_idle)
                    Monitor.PulseAll(_idle);
            }
        }

        Pump();
    }

    internal ulong ReadCommandBlock(int channel, ulong offset, int width)
    {
        uint value = 0;
        lock (Sync)
        {
            if (!IsDecodedLocked(channel))
                return ulong.MaxValue;
            if (offset == IdeRegisters.Data)
            {
                value = _channels[channel].ReadData(width);
            }
            else
            {
                for (int i = 0; i < width; i++)
                    value |= (uint)_channels[channel].ReadByte(offset + (ulong)i) << (8 * i);
            }
        }

        Pump();
        return value;
    }

    internal void WriteCommandBlock(int channel, ulong offset, int width, uint value)
    {
        lock (Sync)
        {
            if (!IsDecodedLocked(channel))
                return;
            if (offset == IdeRegisters.Data)
            {
                _channels[channel].WriteData(value, width);
            }
            else
            {
                for (int i = 0; i < width; i++)
                    _channels[channel].WriteByte(offset + (ulong)i, (byte)(value >> (8 * i)));
            }
        }

        Pump();
    }

    internal ulong ReadControl(int channel)
    {
        lock (Sync)
            return IsDecodedLocked(channel) ? _channels[channel].ReadStatus(acknowledges: false) : ulong.MaxValue;
    }

    internal void WriteControl(int channel, byte value)
    {
        lock (Sync)
        {
            if (IsDecodedLocked(channel))
                _channels[channel].WriteControl(value);
        }

        Pump();
    }

    internal ulong ReadMaster(int offset, int width)
    {
        ulong value = 0;
        lock (Sync)
        {
            for (int i = 0; i < width; i++)
            {
                int at = offset + i;
                value |= (ulong)_channels[at / MasterPortsOfChannel].ReadMaster(at % MasterPortsOfChannel) << (8 * i);
            }
        }

        return value;
    }

    internal void WriteMaster(int offset, int width, uint value)
    {
        lock (Sync)
        {
            for (int i = 0; i < width; i++)
            {
                int at = offset + i;
                _channels[at / MasterPortsOfChannel].WriteMaster(at % MasterPortsOfChannel, (byte)(value >> (8 * i)));
            }
        }

        Pump();
    }

    /// <summary>Lets both channels answer at their ports, as firmware does.</summary>
    internal void EnableDecoding()
    {
        for (int i = 0; i < ChannelCount; i++)
            WriteConfiguration(IdeRegisters.Timing + (2 * i), AccessWidth.Word, IdeRegisters.TimingDecode);
    }

    protected override void ConfigurationWritten(int offset, AccessWidth width)
    {
        lock (Sync)
            FollowConfigurationLocked();
        Pump();
    }

    protected override void BringToRest() => WaitUntilIdle();

    protected override void ResetLocked()
    {
        foreach (IdeChannel channel in _channels)
            channel.Reset();
        FollowConfigurationLocked();
    }

    protected override void SaveLocked(IStateWriter to)
    {
        to.WriteVersion(StateVersion);
        foreach (IdeChannel channel in _channels)
            channel.Save(to);
    }

    protected override void RestoreLocked(IStateReader from)
    {
        from.ReadVersion(Name, StateVersion);
        foreach (IdeChannel channel in _channels)
            channel.Restore(from);
        FollowConfigurationLocked();
    }

    private IdeDrive? Drive(int place) => _channels[place / DrivesOfChannel].Drive(place % DrivesOfChannel);

    private void MapPorts(IAddressSpace ports, int channel)
    {
        ushort command = channel == 0 ? IdeRegisters.PrimaryCommand : IdeRegisters.SecondaryCommand;
        ushort control = channel == 0 ? IdeRegisters.PrimaryControl : IdeRegisters.SecondaryControl;
        ports.Map(new AddressRange(command, IdeRegisters.CommandPorts), new IdeCommandPorts(this, channel));
        ports.Map(new AddressRange(control, 1), new IdeControlPort(this, channel));
    }

    private bool IsDecodedLocked(int channel) =>
        (Configuration.ReadUInt16(PciRegisters.Command) & PciRegisters.CommandIo) != 0
        && (Configuration.ReadUInt16(IdeRegisters.Timing + (2 * channel)) & IdeRegisters.TimingDecode) != 0;

    private void FollowConfigurationLocked()
    {
        bool isMaster = (Configuration.ReadUInt16(PciRegisters.Command) & PciRegisters.CommandMaster) != 0;
        foreach (IdeChannel channel in _channels)
        {
            channel.Master.IsEnabled = isMaster;
            channel.Advance();
        }
    }

    /// <summary>Hands over what the drives want, one request after the other.</summary>
    private void Pump()
    {
        lock (Sync)
        {
            // Whoever is at it already looks again after each request.
            if (_isPumping)
                return;
            _isPumping = true;
        }

        while (TryTake(out IBlockBackend backend, out BlockRequest request))
            backend.Submit(request);
    }

    private bool TryTake(out IBlockBackend backend, out BlockRequest request)
    {
        lock (Sync)
        {
            for (int place = 0; place < DriveCount && !_isPaused; place++)
            {
                if (Drive(place) is { } drive && drive.TryTakeRequest(place, this, out backend, out request))
                {
                    _inFlight++;
                    return true;
                }
            }

            _isPumping = false;
            backend = null!;
            request = default;
            return false;
        }
    }

    /// <summary>Waits, without the lock, until no request is in flight and none follows. No vCPU runs, so that nothing new begins.</summary>
    private void WaitUntilIdle()
    {
        while (true)
        {
            lock (_idle)
            {
                while (Volatile.Read(ref _inFlight) != 0)
                    Monitor.Wait(_idle);
            }

            lock (Sync)
            {
                if (_inFlight == 0 && !_isPumping && (_isPaused || !WantsBackendLocked()))
                    return;
            }

            Thread.Yield();
            Pump();
        }
    }

    private bool WantsBackendLocked()
    {
        for (int place = 0; place < DriveCount; place++)
        {
            if (Drive(place) is { WantsBackend: true })
                return true;
        }

        return false;
    }
}
