using Hearth.Machine;

namespace Hearth.Devices.Storage.Ide;

/// <summary>One channel: two places for drives, their common registers, their interrupt and their bus master. The device's lock is held.</summary>
internal sealed class IdeChannel
{
    private const int DriveCount = 2;

    private readonly IdeDrive?[] _drives = new IdeDrive?[DriveCount];
    private readonly IInterruptLine _line;
    private byte _control;
    private byte _device;

    public IdeChannel(IInterruptLine line, BusMaster master)
    {
        _line = line;
        Master = master;
    }

    public BusMaster Master { get; }

    private IdeDrive? Selected => _drives[(_device & IdeRegisters.DeviceSelect) == 0 ? 0 : 1];

    private bool IsEmpty => _drives[0] is null && _drives[1] is null;

    private bool IsInReset => (_control & IdeRegisters.ControlSoftReset) != 0;

    private bool ReadsPrevious => (_control & IdeRegisters.ControlHighOrder) != 0;

    public void Plug(int place, IdeDrive drive)
    {
        _drives[place] = drive;
        drive.Channel = this;
    }

    public IdeDrive? Drive(int place) => _drives[place];

    public void Reset()
    {
        _control = 0;
        _device = 0;
        Master.Reset();
        foreach (IdeDrive? drive in _drives)
            drive?.Reset();
        DriveLine();
    }

    public byte ReadByte(ulong register)
    {
        if (register == IdeRegisters.Command)
            return ReadStatus(acknowledges: true);
        if (IsEmpty)
            return IdeRegisters.Floating;

        // An absent drive's registers are zero: the one that is there answers for it (ATA/ATAPI-6, section 9.16.1).
        return Selected is { } drive ? drive.ReadRegister(register, ReadsPrevious) : (byte)0;
    }

    public uint ReadData(int width)
    {
        if (Selected is not { } drive)
            return IsEmpty ? uint.MaxValue : 0;
        uint value = drive.ReadData(width);
        DriveLine();
        return value;
    }

    public void WriteData(uint value, int width)
    {
        if (IsInReset)
            return;
        Selected?.WriteData(value, width);
        Advance();
    }

    public void WriteByte(ulong register, byte value)
    {
        if (IsInReset)
            return;
        if (register == IdeRegisters.Command)
        {
            WriteCommand(value);
            return;
        }

        // Writing a register turns HOB off (section 7.8).
        _control &= unchecked((byte)~IdeRegisters.ControlHighOrder);
        if (register == IdeRegisters.Device)
            _device = value;
        foreach (IdeDrive? drive in _drives)
            drive?.WriteRegister(register, value);
        DriveLine();
    }

    /// <summary>The alternate status register, or with <paramref name="acknowledges"/> the status register, whose reading ends the interrupt.</summary>
    public byte ReadStatus(bool acknowledges)
    {
        if (IsEmpty)
            return IdeRegisters.Floating;
        if (IsInReset)
            return (byte)IdeStatus.Busy;
        if (Selected is not { } drive)
            return 0;
        if (acknowledges)
        {
            drive.IsInterrupting = false;
            DriveLine();
        }

        return (byte)drive.Status;
    }

    public void WriteControl(byte value)
    {
        bool ends = IsInReset && (value & IdeRegisters.ControlSoftReset) == 0;
        _control = value;
        if (ends)
        {
            _device = 0;
            foreach (IdeDrive? drive in _drives)
                drive?.SoftReset();
        }

        DriveLine();
    }

    public byte ReadMaster(int offset) => Master.ReadByte(offset);

    public void WriteMaster(int offset, byte value)
    {
        Master.WriteByte(offset, value);
        Advance();
    }

    /// <summary>Moves what the bus master can move now.</summary>
    public void Advance()
    {
        foreach (IdeDrive? drive in _drives)
            drive?.AdvanceDma(Master);
        DriveLine();
    }

    public void Complete(int place, BlockStatus status)
    {
        _drives[place]?.Complete(status, Master);
        DriveLine();
    }

    /// <summary>A drive wants the host's attention.</summary>
    public void Raise(IdeDrive drive)
    {
        drive.IsInterrupting = true;
        if (drive == Selected && (_control & IdeRegisters.ControlNoInterrupt) == 0)
            Master.NoteInterrupt();
        DriveLine();
    }

    public void Save(IStateWriter to)
    {
        to.WriteByte(_control);
        to.WriteByte(_device);
        Master.Save(to);
        foreach (IdeDrive? drive in _drives)
            drive?.Save(to);
    }

    public void Restore(IStateReader from)
    {
        _control = from.ReadByte();
        _device = from.ReadByte();
        Master.Restore(from);
        foreach (IdeDrive? drive in _drives)
            drive?.Restore(from);
        DriveLine();
    }

    private void WriteCommand(byte command)
    {
        if (command == AtaCommand.ExecuteDiagnostic)
            Diagnose();
        else
            Selected?.WriteCommand(command);
        Advance();
    }

    /// <summary>EXECUTE DEVICE DIAGNOSTIC: both drives, and the first one tells (section 8.9).</summary>
    private void Diagnose()
    {
        if (Array.Exists(_drives, drive => drive is { Status: var status } && (status & (IdeStatus.Busy | IdeStatus.DataRequest)) != 0))
            return;
        _device = 0;
        foreach (IdeDrive? drive in _drives)
            drive?.SoftReset();
        if (Selected is { } first)
            Raise(first);
    }

    /// <summary>Only the selected drive's interrupt reaches the wire (section 5.2.9).</summary>
    private void DriveLine() => _line.Set(Selected is { IsInterrupting: true } && (_control & IdeRegisters.ControlNoInterrupt) == 0);
}
