using System.Numerics;
using Hearth.Machine;

namespace Hearth.Devices.Platform.I8042;

/// <summary>
/// An enhanced PS/2 keyboard (IBM PS/2 Hardware Interface Technical Reference, keyboards): scan code sets 1, 2 and 3, LEDs,
/// typematic repeat. Guarded by the controller's lock.
/// </summary>
internal sealed class Ps2Keyboard : Ps2Device
{
    private const byte SetLeds = 0xED;
    private const byte Echo = 0xEE;
    private const byte SelectScanCodes = 0xF0;
    private const byte Identify = 0xF2;
    private const byte SetTypematic = 0xF3;
    private const byte Enable = 0xF4;
    private const byte DisableWithDefaults = 0xF5;
    private const byte SetDefaults = 0xF6;
    private const byte FirstOfAllKeys = 0xF7;
    private const byte LastOfAllKeys = 0xFA;
    private const byte FirstOfSomeKeys = 0xFB;
    private const byte LastOfSomeKeys = 0xFD;
    private const byte Resend = 0xFE;
    private const byte ResetCommand = 0xFF;
    private const byte DefaultTypematic = 0x2B;
    private const byte DefaultScanCodeSet = 2;

    // The keys held down keep this much of the queue for their release, so that no guest is left with a stuck key.
    private const int RoomForReleases = 128;

    private readonly ulong[] _pressed = new ulong[ScanCodes.KeyCount / 64];
    private byte _pendingCommand;
    private byte _scanCodeSet;
    private byte _typematic;
    private bool _scanning;
    private ushort _repeating;

    public KeyboardLeds Leds { get; private set; }

    /// <summary>When the key held down repeats next, in virtual nanoseconds; zero when none does.</summary>
    public long RepeatDeadline { get; private set; }

    public void Reset()
    {
        ClearAll();
        Array.Clear(_pressed);
        Leds = KeyboardLeds.None;
        _pendingCommand = 0;
        SetDefaultsAndClear();
        _scanning = true;
    }

    /// <summary>A key went down or up.</summary>
    /// <param name="key">Linux key code; keys that a PS/2 keyboard does not have are ignored.</param>
    public void Key(ushort key, bool pressed, long now)
    {
        if (key >= ScanCodes.KeyCount || IsPressed(key) == pressed)
            return;
        _pressed[key / 64] ^= 1UL << (key % 64);
        if (!pressed)
        {
            SendRelease(key);
            if (key == _repeating)
                StopRepeating();
            return;
        }

        // A press the guest does not learn of did not happen; its release must not take room in the queue either.
        if (!SendPress(key))
        {
            _pressed[key / 64] ^= 1UL << (key % 64);
            return;
        }

        _repeating = key == ScanCodes.Pause ? (ushort)0 : key;
        RepeatDeadline = _repeating == 0 ? 0 : now + RepeatDelay();
    }

    /// <summary>Releases what is held down: the host's keyboard went to another guest.</summary>
    public void ReleaseAll(long now)
    {
        for (int word = 0; word < _pressed.Length; word++)
        {
            while (_pressed[word] != 0)
                Key((ushort)((word * 64) + BitOperations.TrailingZeroCount(_pressed[word])), false, now);
        }
    }

    /// <summary>Repeats the key held down when its time has come.</summary>
    public void Repeat(long now)
    {
        if (RepeatDeadline == 0 || now < RepeatDeadline)
            return;

        // A guest that does not read gets no pile of repeats that would go on after the release.
        if (StreamCount == 0)
            SendPress(_repeating);
        RepeatDeadline = now + RepeatPeriod();
    }

    public override void Receive(byte value)
    {
        byte pending = _pendingCommand;
        _pendingCommand = 0;
        if (pending != 0 && value < SetLeds)
            Parameter(pending, value);
        else
            Command(value);
    }

    public void Save(IStateWriter to)
    {
        SaveQueues(to);
        foreach (ulong word in _pressed)
            to.WriteUInt64(word);
        to.WriteByte((byte)Leds);
        to.WriteByte(_pendingCommand);
        to.WriteByte(_scanCodeSet);
        to.WriteByte(_typematic);
        to.WriteBoolean(_scanning);
        to.WriteUInt16(_repeating);
        to.WriteInt64(RepeatDeadline);
    }

    public void Restore(IStateReader from)
    {
        RestoreQueues(from);
        for (int i = 0; i < _pressed.Length; i++)
            _pressed[i] = from.ReadUInt64();
        Leds = (KeyboardLeds)from.ReadByte();
        _pendingCommand = from.ReadByte();
        _scanCodeSet = from.ReadByte();
        _typematic = from.ReadByte();
        _scanning = from.ReadBoolean();
        _repeating = from.ReadUInt16();
        RepeatDeadline = from.ReadInt64();
    }

    private void Command(byte value)
    {
        switch (value)
        {
            case SetLeds or SelectScanCodes or SetTypematic or (>= FirstOfSomeKeys and <= LastOfSomeKeys):
                _pendingCommand = value;
                Reply(Acknowledge);
                break;
            case Echo:
                Reply(Echo);
                break;
            case Identify:
                Reply(Acknowledge);
                Reply(0xAB);
                Reply(0x83);
                break;
            case Enable:
                ClearStream();
                _scanning = true;
                Reply(Acknowledge);
                break;
            case DisableWithDefaults or SetDefaults:
                SetDefaultsAndClear();
                _scanning = value == SetDefaults && _scanning;
                Reply(Acknowledge);
                break;
            case >= FirstOfAllKeys and <= LastOfAllKeys:
                // Key types of set 3: every key stays make, break and typematic.
                Reply(Acknowledge);
                break;
            case Resend:
                ReplyWithLastSent();
                break;
            case ResetCommand:
                SetDefaultsAndClear();
                Leds = KeyboardLeds.None;
                _scanning = true;
                Reply(Acknowledge);
                Reply(SelfTestPassed);
                break;
            default:
                Reply(ResendRequest);
                break;
        }
    }

    private void Parameter(byte command, byte value)
    {
        switch (command)
        {
            case SetLeds:
                Leds = (KeyboardLeds)(value & 0x07);
                break;
            case SetTypematic:
                _typematic = (byte)(value & 0x7F);
                break;
            case SelectScanCodes when value == 0:
                Reply(Acknowledge);
                Reply(_scanCodeSet);
                return;
            case SelectScanCodes when value > 3:
                Reply(ResendRequest);
                return;
            case SelectScanCodes:
                _scanCodeSet = value;
                ClearStream();
                break;
            default:
                // A list of keys for 0xFB–0xFD goes on until the next command.
                _pendingCommand = command;
                break;
        }

        Reply(Acknowledge);
    }

    private void SetDefaultsAndClear()
    {
        ClearStream();
        StopRepeating();
        _scanCodeSet = DefaultScanCodeSet;
        _typematic = DefaultTypematic;
    }

    private void StopRepeating()
    {
        _repeating = 0;
        RepeatDeadline = 0;
    }

    private bool IsPressed(ushort key) => (_pressed[key / 64] >> (key % 64) & 1) != 0;

    private bool SendPress(ushort key)
    {
        Span<byte> codes = stackalloc byte[KeySequence.MaximumLength];
        int length = KeySequence.Press(_scanCodeSet, key, Modifiers(), codes);
        return _scanning && length > 0 && StreamRoom >= RoomForReleases && TrySend(codes[..length]);
    }

    private void SendRelease(ushort key)
    {
        Span<byte> codes = stackalloc byte[KeySequence.MaximumLength];
        int length = KeySequence.Release(_scanCodeSet, key, Modifiers(), codes);
        if (_scanning && length > 0)
            TrySend(codes[..length]);
    }

    private KeyModifiers Modifiers()
    {
        KeyModifiers held = KeyModifiers.None;
        if (IsPressed(ScanCodes.LeftControl) || IsPressed(ScanCodes.RightControl))
            held |= KeyModifiers.Control;
        if (IsPressed(ScanCodes.LeftShift) || IsPressed(ScanCodes.RightShift))
            held |= KeyModifiers.Shift;
        if (IsPressed(ScanCodes.LeftAlt) || IsPressed(ScanCodes.RightAlt))
            held |= KeyModifiers.Alt;
        return held;
    }

    // Bits 5–6: 250 to 1000 ms before the first repeat.
    private long RepeatDelay() => (1 + ((_typematic >> 5) & 3)) * 250_000_000L;

    // Bits 0–4: (8 + A) * 2^B / 240 s between repeats, 30 to 2 a second.
    private long RepeatPeriod() => ((8L + (_typematic & 7)) << ((_typematic >> 3) & 3)) * 1_000_000_000L / 240;
}
