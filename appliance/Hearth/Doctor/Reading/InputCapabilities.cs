using System.Globalization;
using Hearth.Doctor.Facts;

namespace Hearth.Doctor.Reading;

/// <summary>What an input device can send, by the numbers of linux/input-event-codes.h: that, not its name, says what it is.</summary>
internal sealed class InputCapabilities
{
    private const int RelativeX = 0x00;
    private const int PropertyDirect = 0x01; // INPUT_PROP_DIRECT: a finger's place is a place on the screen
    private const int KeyQ = 16;
    private const int KeySpace = 57;
    private const int ButtonLeft = 0x110;
    private const int ButtonJoystick = 0x120;
    private const int ButtonGamepad = 0x130;
    private const int ToolPen = 0x140;
    private const int ToolFinger = 0x145;
    private const int ButtonTouch = 0x14A;

    // The kernel of a 64-bit host writes its bits in words of 64, the highest first.
    private const int WordBits = 64;

    private readonly ulong[] _keys;
    private readonly ulong[] _relative;
    private readonly ulong[] _properties;
    private readonly bool _isJoystick;

    private InputCapabilities(IEnumerable<string> block, IEnumerable<string> handlers)
    {
        string[] lines = [.. block];
        _keys = Words(lines, "B: KEY=");
        _relative = Words(lines, "B: REL=");
        _properties = Words(lines, "B: PROP=");
        _isJoystick = handlers.Any(handler => handler.StartsWith("js", StringComparison.Ordinal));
    }

    /// <summary>The most telling comes first: a touchpad has a mouse's buttons, and a gaming mouse has keys.</summary>
    public InputKind Kind => this switch
    {
        _ when Has(_keys, ToolPen) => InputKind.Tablet,
        _ when Has(_keys, ButtonTouch) && Has(_properties, PropertyDirect) => InputKind.Touchscreen,
        _ when Has(_keys, ToolFinger) => InputKind.Touchpad,
        _ when _isJoystick || Has(_keys, ButtonGamepad) || Has(_keys, ButtonJoystick) => InputKind.Gamepad,
        _ when Has(_keys, ButtonLeft) && Has(_relative, RelativeX) => InputKind.Mouse,
        _ when Has(_keys, KeyQ) && Has(_keys, KeySpace) => InputKind.Keyboard,
        _ when Array.Exists(_keys, word => word != 0) => InputKind.Buttons,
        _ => InputKind.Other,
    };

    /// <param name="block">The device's lines.</param>
    /// <param name="handlers">The parts of the kernel that listen to it.</param>
    public static InputCapabilities Read(IEnumerable<string> block, IEnumerable<string> handlers) => new(block, handlers);

    private static bool Has(ulong[] words, int bit) => bit / WordBits < words.Length && ((words[bit / WordBits] >> (bit % WordBits)) & 1) != 0;

    /// <summary>The lowest word first; none where the line is missing or no number.</summary>
    private static ulong[] Words(string[] lines, string start)
    {
        string line = Array.Find(lines, line => line.StartsWith(start, StringComparison.Ordinal)) ?? start;
        string[] words = line[start.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return [.. words.Reverse().Select(word => ulong.TryParse(word, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong bits) ? bits : 0)];
    }
}
