using Hearth.Machine;

namespace Hearth.Devices.Platform.I8042;

/// <summary>
/// A PS/2 mouse (IBM PS/2 Hardware Interface Technical Reference, mouse) with the IntelliMouse extensions: a wheel after the
/// sample rates 200, 100, 80, five buttons after 200, 200, 80. Guarded by the controller's lock.
/// </summary>
/// <remarks>Movement that the guest has not fetched yet adds up into the next packet; a change of buttons has a packet of its own.</remarks>
internal sealed class Ps2Mouse : Ps2Device
{
    private const byte SetScalingOneToOne = 0xE6;
    private const byte SetScalingTwoToOne = 0xE7;
    private const byte SetResolution = 0xE8;
    private const byte StatusRequest = 0xE9;
    private const byte SetStreamMode = 0xEA;
    private const byte ReadData = 0xEB;
    private const byte ResetWrapMode = 0xEC;
    private const byte SetWrapMode = 0xEE;
    private const byte SetRemoteMode = 0xF0;
    private const byte ReadIdentifier = 0xF2;
    private const byte SetSampleRate = 0xF3;
    private const byte Enable = 0xF4;
    private const byte Disable = 0xF5;
    private const byte SetDefaults = 0xF6;
    private const byte Resend = 0xFE;
    private const byte ResetCommand = 0xFF;

    private const byte StandardIdentifier = 0;
    private const byte WheelIdentifier = 3;
    private const byte FiveButtonIdentifier = 4;

    private const uint WheelKnock = 0xC8_64_50;
    private const uint FiveButtonKnock = 0xC8_C8_50;

    private const int MaximumMovement = 255;
    private const int MaximumWheel = 7;

    // Movement while the guest does not look is of no use to it for long.
    private const int MaximumPending = 1 << 14;

    private int _x;
    private int _y;
    private int _wheel;
    private MouseButtons _buttons;
    private MouseButtons _reportedButtons;
    private byte _identifier;
    private byte _resolution;
    private byte _sampleRate;
    private uint _knock;
    private byte _pendingCommand;
    private bool _reporting;
    private bool _remote;
    private bool _wrap;
    private bool _doubleScaling;

    public void Reset()
    {
        ClearAll();
        _buttons = MouseButtons.None;
        ToDefaults();
        _knock = 0;
        _identifier = StandardIdentifier;
        _pendingCommand = 0;
        _wrap = false;
    }

    /// <summary>The mouse moved, or its buttons changed.</summary>
    /// <param name="x">Counts to the right.</param>
    /// <param name="y">Counts down, as on a screen.</param>
    /// <param name="wheel">Notches away from the user.</param>
    public void Move(int x, int y, int wheel, MouseButtons buttons)
    {
        _buttons = buttons;
        if (!_reporting && !_remote)
            return;
        _x = Accumulate(_x, x);
        _y = Accumulate(_y, -(long)y);
        _wheel = Accumulate(_wheel, -(long)wheel);
        Report();
    }

    public override byte Take()
    {
        byte value = base.Take();
        if (StreamCount == 0)
            Report();
        return value;
    }

    public override void Receive(byte value)
    {
        byte pending = _pendingCommand;
        _pendingCommand = 0;
        if (_wrap && value is not (ResetWrapMode or ResetCommand))
            Reply(value);
        else if (pending != 0)
            Parameter(pending, value);
        else
            Command(value);
    }

    public void Save(IStateWriter to)
    {
        SaveQueues(to);
        to.WriteInt64(_x);
        to.WriteInt64(_y);
        to.WriteInt64(_wheel);
        to.WriteByte((byte)_buttons);
        to.WriteByte((byte)_reportedButtons);
        to.WriteByte(_identifier);
        to.WriteByte(_resolution);
        to.WriteByte(_sampleRate);
        to.WriteUInt32(_knock);
        to.WriteByte(_pendingCommand);
        to.WriteBoolean(_reporting);
        to.WriteBoolean(_remote);
        to.WriteBoolean(_wrap);
        to.WriteBoolean(_doubleScaling);
    }

    public void Restore(IStateReader from)
    {
        RestoreQueues(from);
        _x = Accumulate(0, from.ReadInt64());
        _y = Accumulate(0, from.ReadInt64());
        _wheel = Accumulate(0, from.ReadInt64());
        _buttons = (MouseButtons)from.ReadByte();
        _reportedButtons = (MouseButtons)from.ReadByte();
        _identifier = from.ReadByte();
        _resolution = from.ReadByte();
        _sampleRate = from.ReadByte();
        _knock = from.ReadUInt32();
        _pendingCommand = from.ReadByte();
        _reporting = from.ReadBoolean();
        _remote = from.ReadBoolean();
        _wrap = from.ReadBoolean();
        _doubleScaling = from.ReadBoolean();
    }

    private void Command(byte value)
    {
        switch (value)
        {
            case SetScalingOneToOne or SetScalingTwoToOne:
                _doubleScaling = value == SetScalingTwoToOne;
                break;
            case SetResolution or SetSampleRate:
                _pendingCommand = value;
                break;
            case StatusRequest:
                Reply(Acknowledge);
                Reply(StatusByte());
                Reply(_resolution);
                Reply(_sampleRate);
                return;
            case SetStreamMode or SetRemoteMode:
                _remote = value == SetRemoteMode;
                ForgetMovement();
                break;
            case ReadData:
                Reply(Acknowledge);
                SendPacket();
                return;
            case ResetWrapMode or SetWrapMode:
                _wrap = value == SetWrapMode;
                ForgetMovement();
                break;
            case ReadIdentifier:
                Reply(Acknowledge);
                Reply(_identifier);
                return;
            case Enable:
                _reporting = true;
                ForgetMovement();
                break;
            case Disable:
                _reporting = false;
                ForgetMovement();
                break;
            case SetDefaults:
                ToDefaults();
                break;
            case Resend:
                ReplyWithLastSent();
                return;
            case ResetCommand:
                ToDefaults();
                _wrap = false;
                _identifier = StandardIdentifier;
                Reply(Acknowledge);
                Reply(SelfTestPassed);
                Reply(StandardIdentifier);
                return;
            default:
                Reply(ResendRequest);
                return;
        }

        Reply(Acknowledge);
    }

    private void Parameter(byte command, byte value)
    {
        Reply(Acknowledge);
        if (command == SetResolution)
        {
            _resolution = (byte)(value & 3);
            return;
        }

        _sampleRate = value;
        _knock = ((_knock << 8) | value) & 0xFF_FFFF;
        if (_knock == WheelKnock)
            _identifier = WheelIdentifier;
        else if (_knock == FiveButtonKnock)
            _identifier = FiveButtonIdentifier;
    }

    private void ToDefaults()
    {
        ForgetMovement();
        _sampleRate = 100;
        _resolution = 2;
        _doubleScaling = false;
        _remote = false;
        _reporting = false;
    }

    private void ForgetMovement()
    {
        ClearStream();
        _x = 0;
        _y = 0;
        _wheel = 0;
        _reportedButtons = _buttons;
    }

    /// <summary>Sends what has changed, as far as the guest keeps up: a packet of movement only when it has read the last one.</summary>
    private void Report()
    {
        if (!_reporting || _remote || _wrap)
            return;
        bool moved = _x != 0 || _y != 0 || (_wheel != 0 && _identifier != StandardIdentifier);
        if (_buttons != _reportedButtons || (moved && StreamCount == 0))
            SendPacket();
    }

    /// <summary>Sends one packet; what does not fit into it, or finds no room, is kept for the next.</summary>
    private void SendPacket()
    {
        int x = Math.Clamp(_x, -MaximumMovement, MaximumMovement);
        int y = Math.Clamp(_y, -MaximumMovement, MaximumMovement);
        int wheel = Math.Clamp(_wheel, -MaximumWheel, MaximumWheel);
        int sentX = Scale(x);
        int sentY = Scale(y);
        Span<byte> packet =
        [
            (byte)(0x08 | ((int)_buttons & 0x07) | (sentX < 0 ? 0x10 : 0) | (sentY < 0 ? 0x20 : 0)),
            (byte)sentX,
            (byte)sentY,
            _identifier == FiveButtonIdentifier ? (byte)((wheel & 0x0F) | (((int)_buttons & 0x18) << 1)) : (byte)wheel,
        ];
        if (!TrySend(_identifier == StandardIdentifier ? packet[..3] : packet))
            return;
        _x -= x;
        _y -= y;
        _wheel = _identifier == StandardIdentifier ? 0 : _wheel - wheel;
        _reportedButtons = _buttons;
    }

    // Scaling 2:1 bends small movements and is for stream mode alone.
    private int Scale(int counts)
    {
        if (!_doubleScaling || _remote)
            return counts;
        int magnitude = Math.Abs(counts) switch
        {
            <= 1 => Math.Abs(counts),
            2 => 1,
            3 => 3,
            4 => 6,
            5 => 9,
            int large => Math.Min(large * 2, MaximumMovement),
        };
        return Math.Sign(counts) * magnitude;
    }

    private byte StatusByte() => (byte)(
        (_remote ? 0x40 : 0)
        | (_reporting ? 0x20 : 0)
        | (_doubleScaling ? 0x10 : 0)
        | ((_buttons & MouseButtons.Left) != 0 ? 0x04 : 0)
        | ((_buttons & MouseButtons.Middle) != 0 ? 0x02 : 0)
        | ((_buttons & MouseButtons.Right) != 0 ? 0x01 : 0));

    private static int Accumulate(int pending, long counts) => (int)Math.Clamp(pending + counts, -MaximumPending, MaximumPending);
}
