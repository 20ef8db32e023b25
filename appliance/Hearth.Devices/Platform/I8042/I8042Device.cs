using Hearth.Machine;

namespace Hearth.Devices.Platform.I8042;

/// <summary>
/// The keyboard controller of a PS/2 machine with its keyboard and mouse (IBM PS/2 Hardware Interface Technical Reference,
/// keyboard and auxiliary device controller), and system control port A, which shares the A20 gate and the reset wire.
/// </summary>
public sealed class I8042Device : IMachineDevice, IDisposable
{
    private const byte Version = 1;
    private const byte FastReset = 1 << 0;
    private const byte FastA20 = 1 << 1;
    private const int RamSize = 32;
    private const int ResponseCapacity = 16;
    private const byte AuxiliaryTestPassed = 0x00;
    private const byte KeyboardTestPassed = 0x00;
    private const byte ControllerTestPassed = 0x55;
    private const byte NoPassword = 0xF1;
    private const byte InputPortUnlocked = 0x80;

    // What the firmware of a PC leaves behind: keyboard on, translated and interrupting; mouse off.
    private const CommandByte PowerOnCommandByte = CommandByte.KeyboardInterrupt | CommandByte.SelfTestPassed
        | CommandByte.AuxiliaryDisabled | CommandByte.Translate;

    private readonly Lock _lock = new();
    private readonly Ps2Keyboard _keyboard = new();
    private readonly Ps2Mouse _mouse = new();
    private readonly Ps2Queue _responses = new(ResponseCapacity);
    private readonly byte[] _ram = new byte[RamSize];
    private readonly IInterruptLine _keyboardInterrupt;
    private readonly IInterruptLine _mouseInterrupt;
    private readonly IVirtualClock _clock;
    private readonly IClockTimer _repeat;
    private readonly IMachineControl _control;
    private readonly IDeviceLog _log;

    private byte _outputBuffer;
    private bool _outputFull;
    private bool _outputIsAuxiliary;
    private bool _lastWasCommand;
    private byte _pendingCommand;
    private bool _a20;
    private Action? _ledsChanged;

    public I8042Device(
        IInterruptLine keyboardInterrupt, IInterruptLine mouseInterrupt, IVirtualClock clock, IMachineControl control, IDeviceLog log)
    {
        ArgumentNullException.ThrowIfNull(clock);
        _keyboardInterrupt = keyboardInterrupt;
        _mouseInterrupt = mouseInterrupt;
        _clock = clock;
        _control = control;
        _log = log;
        _repeat = clock.CreateTimer(OnRepeat);
        DataPort = new BytePort(ReadData, WriteData);
        CommandPort = new BytePort(ReadStatus, WriteCommand);
        SystemControlPort = new BytePort(ReadSystemControl, WriteSystemControl);
    }

    public string Name => "i8042";

    /// <summary>Port 0x60.</summary>
    public IBusDevice DataPort { get; }

    /// <summary>Port 0x64.</summary>
    public IBusDevice CommandPort { get; }

    /// <summary>Port 0x92: fast A20 and fast reset.</summary>
    public IBusDevice SystemControlPort { get; }

    /// <summary>The lights as the guest set them last.</summary>
    public KeyboardLeds Leds
    {
        get
        {
            lock (_lock)
                return _keyboard.Leds;
        }
    }

    /// <summary>The state of the A20 gate. The machine does not mask the address line: guests only ever open the gate.</summary>
    public bool A20Enabled
    {
        get
        {
            lock (_lock)
                return _a20;
        }
    }

    private CommandByte Mode
    {
        get => (CommandByte)_ram[0];
        set => _ram[0] = (byte)value;
    }

    /// <summary>A key went down or up. The keyboard repeats keys by itself.</summary>
    /// <param name="key">The key code of Linux' input-event-codes.h; unknown ones are ignored.</param>
    public void Key(ushort key, bool pressed)
    {
        lock (_lock)
        {
            _keyboard.Key(key, pressed, _clock.Now);
            KeyboardChangedLocked();
        }
    }

    /// <summary>Releases every key held down: the host's keyboard turns to another guest.</summary>
    public void ReleaseAllKeys()
    {
        lock (_lock)
        {
            _keyboard.ReleaseAll(_clock.Now);
            KeyboardChangedLocked();
        }
    }

    /// <summary>The mouse moved, or its buttons changed.</summary>
    /// <param name="x">Counts to the right.</param>
    /// <param name="y">Counts down, as on a screen.</param>
    /// <param name="wheel">Notches away from the user.</param>
    /// <param name="buttons">All buttons held down now.</param>
    public void MoveMouse(int x, int y, int wheel, MouseButtons buttons)
    {
        lock (_lock)
        {
            _mouse.Move(x, y, wheel, buttons);
            FillOutputBufferLocked();
        }
    }

    /// <summary>Connects who hears that the guest switched <see cref="Leds"/>, on a vCPU's thread and without a lock; once, before the machine runs.</summary>
    public void ConnectLeds(Action changed) => _ledsChanged = changed;

    public void Dispose() => _repeat.Dispose();

    public void Reset()
    {
        lock (_lock)
        {
            _keyboard.Reset();
            _mouse.Reset();
            _responses.Clear();
            Array.Clear(_ram);
            Mode = PowerOnCommandByte;
            _outputBuffer = 0;
            _outputFull = false;
            _outputIsAuxiliary = false;
            _lastWasCommand = true;
            _pendingCommand = 0;
            _a20 = true;
            KeyboardChangedLocked();
        }
    }

    public void Save(IStateWriter to)
    {
        lock (_lock)
        {
            to.WriteVersion(Version);
            to.WriteBytes(_ram);
            to.WriteByte(_outputBuffer);
            to.WriteBoolean(_outputFull);
            to.WriteBoolean(_outputIsAuxiliary);
            to.WriteBoolean(_lastWasCommand);
            to.WriteByte(_pendingCommand);
            to.WriteBoolean(_a20);
            _responses.Save(to);
            _keyboard.Save(to);
            _mouse.Save(to);
        }
    }

    public void Restore(IStateReader from)
    {
        lock (_lock)
        {
            from.ReadVersion(Name, Version);
            from.ReadBytes(_ram);
            _outputBuffer = from.ReadByte();
            _outputFull = from.ReadBoolean();
            _outputIsAuxiliary = from.ReadBoolean();
            _lastWasCommand = from.ReadBoolean();
            _pendingCommand = from.ReadByte();
            _a20 = from.ReadBoolean();
            _responses.Restore(from);
            _keyboard.Restore(from);
            _mouse.Restore(from);
            UpdateInterruptsLocked();
            ArmRepeatLocked();
        }
    }

    private byte ReadData()
    {
        lock (_lock)
        {
            byte value = _outputBuffer;
            _outputFull = false;

            // The ISA bus sees edges: the request falls before the next byte raises it again.
            UpdateInterruptsLocked();
            FillOutputBufferLocked();
            return value;
        }
    }

    private byte ReadStatus()
    {
        lock (_lock)
        {
            ControllerStatus status = ControllerStatus.Unlocked;
            if (_outputFull)
                status |= _outputIsAuxiliary ? ControllerStatus.OutputFull | ControllerStatus.AuxiliaryOutput : ControllerStatus.OutputFull;
            if ((Mode & CommandByte.SelfTestPassed) != 0)
                status |= ControllerStatus.SelfTestPassed;
            if (_lastWasCommand)
                status |= ControllerStatus.Command;
            return (byte)status;
        }
    }

    private void WriteData(byte value)
    {
        bool ledsChanged;
        lock (_lock)
        {
            KeyboardLeds before = _keyboard.Leds;
            _lastWasCommand = false;
            byte pending = _pendingCommand;
            _pendingCommand = 0;
            WriteParameterLocked(pending, value);
            KeyboardChangedLocked();
            ledsChanged = _keyboard.Leds != before;
        }

        if (ledsChanged)
            _ledsChanged?.Invoke();
    }

    private void WriteCommand(byte value)
    {
        lock (_lock)
        {
            _lastWasCommand = true;
            _pendingCommand = 0;
            CommandLocked(value);
            FillOutputBufferLocked();
            UpdateInterruptsLocked();
        }
    }

    private void CommandLocked(byte value)
    {
        switch (value)
        {
            case >= ControllerCommand.ReadRam and < 0x40:
                RespondLocked(_ram[value & ControllerCommand.RamMask]);
                break;
            case >= ControllerCommand.WriteRam and < 0x80:
            case >= ControllerCommand.WriteOutputPort and <= ControllerCommand.WriteAuxiliary:
                _pendingCommand = value;
                break;
            case ControllerCommand.TestPassword:
                RespondLocked(NoPassword);
                break;
            case ControllerCommand.DisableAuxiliary:
                Mode |= CommandByte.AuxiliaryDisabled;
                break;
            case ControllerCommand.EnableAuxiliary:
                Mode &= ~CommandByte.AuxiliaryDisabled;
                break;
            case ControllerCommand.TestAuxiliary:
                RespondLocked(AuxiliaryTestPassed);
                break;
            case ControllerCommand.SelfTest:
                Mode |= CommandByte.SelfTestPassed;
                RespondLocked(ControllerTestPassed);
                break;
            case ControllerCommand.TestKeyboard:
                RespondLocked(KeyboardTestPassed);
                break;
            case ControllerCommand.DisableKeyboard:
                Mode |= CommandByte.KeyboardDisabled;
                break;
            case ControllerCommand.EnableKeyboard:
                Mode &= ~CommandByte.KeyboardDisabled;
                break;
            case ControllerCommand.ReadInputPort:
                RespondLocked(InputPortUnlocked);
                break;
            case ControllerCommand.ReadOutputPort:
                RespondLocked((byte)OutputPortLocked());
                break;
            case ControllerCommand.DisableA20 or ControllerCommand.EnableA20:
                _a20 = value == ControllerCommand.EnableA20;
                break;
            case ControllerCommand.ReadTestInputs:
                RespondLocked(0);
                break;
            case >= ControllerCommand.PulseOutputPort:
                if ((value & (byte)OutputPort.NoReset) == 0)
                    _control.Reset();
                break;
            default:
                _log.GuestError(Name, "unknown controller command", value);
                break;
        }
    }

    private void WriteParameterLocked(byte command, byte value)
    {
        switch (command)
        {
            case >= ControllerCommand.WriteRam and < 0x80:
                _ram[command & ControllerCommand.RamMask] = value;
                break;
            case ControllerCommand.WriteOutputPort:
                _a20 = ((OutputPort)value & OutputPort.A20) != 0;
                if (((OutputPort)value & OutputPort.NoReset) == 0)
                    _control.Reset();
                break;
            case ControllerCommand.WriteKeyboardOutput or ControllerCommand.WriteAuxiliaryOutput:
                RespondLocked(value, command == ControllerCommand.WriteAuxiliaryOutput);
                break;
            case ControllerCommand.WriteAuxiliary:
                // Sending to a device starts its clock again.
                Mode &= ~CommandByte.AuxiliaryDisabled;
                _mouse.Receive(value);
                break;
            default:
                Mode &= ~CommandByte.KeyboardDisabled;
                _keyboard.Receive(value);
                break;
        }
    }

    private void RespondLocked(byte value, bool auxiliary = false)
    {
        if (!_responses.TryAdd(value, auxiliary))
            _log.GuestError(Name, "response lost: the guest does not read them", value);
    }

    private void KeyboardChangedLocked()
    {
        FillOutputBufferLocked();
        UpdateInterruptsLocked();
        ArmRepeatLocked();
    }

    /// <summary>Moves the next byte to the output buffer: the controller's own answers first, then the keyboard, then the mouse.</summary>
    private void FillOutputBufferLocked()
    {
        if (_outputFull)
            return;
        bool auxiliary = false;
        if (_responses.Count > 0)
            _outputBuffer = _responses.Take(out auxiliary);
        else if ((Mode & CommandByte.KeyboardDisabled) == 0 && _keyboard.HasOutput)
            _outputBuffer = TakeFromKeyboardLocked();
        else if ((Mode & CommandByte.AuxiliaryDisabled) == 0 && _mouse.HasOutput)
            (_outputBuffer, auxiliary) = (_mouse.Take(), true);
        else
            return;
        _outputFull = true;
        _outputIsAuxiliary = auxiliary;
        UpdateInterruptsLocked();
    }

    private byte TakeFromKeyboardLocked()
    {
        byte value = _keyboard.Take();
        if ((Mode & CommandByte.Translate) == 0)
            return value;
        return value == ScanCodes.Released && _keyboard.HasOutput
            ? (byte)(ScanCodes.Translate(_keyboard.Take()) | 0x80)
            : ScanCodes.Translate(value);
    }

    private OutputPort OutputPortLocked()
    {
        OutputPort port = OutputPort.NoReset | OutputPort.KeyboardLinesIdle;
        if (_a20)
            port |= OutputPort.A20;
        if (_outputFull)
            port |= _outputIsAuxiliary ? OutputPort.AuxiliaryInterrupt : OutputPort.KeyboardInterrupt;
        return port;
    }

    private void UpdateInterruptsLocked()
    {
        _keyboardInterrupt.Set(_outputFull && !_outputIsAuxiliary && (Mode & CommandByte.KeyboardInterrupt) != 0);
        _mouseInterrupt.Set(_outputFull && _outputIsAuxiliary && (Mode & CommandByte.AuxiliaryInterrupt) != 0);
    }

    private void ArmRepeatLocked()
    {
        if (_keyboard.RepeatDeadline != 0)
            _repeat.Arm(_keyboard.RepeatDeadline);
        else
            _repeat.Disarm();
    }

    private void OnRepeat()
    {
        lock (_lock)
        {
            _keyboard.Repeat(_clock.Now);
            KeyboardChangedLocked();
        }
    }

    private byte ReadSystemControl() => A20Enabled ? FastA20 : (byte)0;

    private void WriteSystemControl(byte value)
    {
        lock (_lock)
            _a20 = (value & FastA20) != 0;
        if ((value & FastReset) != 0)
            _control.Reset();
    }
}
