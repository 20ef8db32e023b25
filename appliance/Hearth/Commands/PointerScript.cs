using System.Globalization;
using Hearth.Protocol;

namespace Hearth.Commands;

/// <summary>What hands do beside typing, in the brackets of <c>--keys</c>: a word and its arguments. Coordinates of tablet and screen are 0 to 32767.</summary>
/// <remarks>
/// <code>
/// wait SECONDS         move X,Y         wheel N          click left|right|middle
/// point X,Y            touch FINGER,X,Y                  lift FINGER
/// stick X,Y            pad south|east|north|west|l|r|select|start|mode
/// down KEY             up KEY
/// </code>
/// </remarks>
internal static class PointerScript
{
    private const ushort KeyType = 1;
    private const ushort RelativeType = 2;
    private const ushort AbsoluteType = 3;
    private const ushort Wheel = 8;
    private const ushort Slot = 0x2F;
    private const ushort TouchX = 0x35;
    private const ushort TouchY = 0x36;
    private const ushort TrackingId = 0x39;
    private const ushort ButtonTouch = 0x14A;
    private const int Fingers = 10;

    private static readonly Dictionary<string, ushort> s_buttons = new() { ["left"] = 0x110, ["right"] = 0x111, ["middle"] = 0x112 };

    private static readonly Dictionary<string, ushort> s_pad = new()
    {
        ["south"] = 0x130, ["east"] = 0x131, ["north"] = 0x133, ["west"] = 0x134, ["l"] = 0x136, ["r"] = 0x137, ["select"] = 0x13A, ["start"] = 0x13B, ["mode"] = 0x13C,
    };

    /// <summary>Adds the steps of a word.</summary>
    /// <returns>False when it is none of them.</returns>
    /// <exception cref="UsageException">Its arguments make no sense.</exception>
    public static bool TryAdd(List<InputStep> steps, string text)
    {
        int space = text.IndexOf(' ', StringComparison.Ordinal);
        if (space < 0)
            return false;
        string argument = text[(space + 1)..];
        switch (text[..space])
        {
            case "wait":
                KeyScript.AddWait(steps, KeyScript.ParseSeconds($"<{text}>", argument));
                break;
            case "move":
                int[] way = Numbers(text, argument, 2);
                Add(steps, InputTarget.Mouse, new(RelativeType, 0, way[0]), new(RelativeType, 1, way[1]));
                break;
            case "wheel":
                Add(steps, InputTarget.Mouse, new InputChange(RelativeType, Wheel, Numbers(text, argument, 1)[0]));
                break;
            case "click":
                AddPress(steps, InputTarget.Mouse, Find(s_buttons, text, argument));
                break;
            case "point":
                int[] place = Numbers(text, argument, 2);
                Add(steps, InputTarget.Tablet, new(AbsoluteType, 0, place[0]), new(AbsoluteType, 1, place[1]));
                break;
            case "touch":
                AddTouch(steps, text, Numbers(text, argument, 3));
                break;
            case "lift":
                AddLift(steps, Finger(text, Numbers(text, argument, 1)[0]));
                break;
            case "stick":
                int[] tilt = Numbers(text, argument, 2);
                Add(steps, InputTarget.Gamepad, new(AbsoluteType, 0, tilt[0]), new(AbsoluteType, 1, tilt[1]));
                break;
            case "pad":
                AddPress(steps, InputTarget.Gamepad, Find(s_pad, text, argument));
                break;
            case "down" or "up":
                if (!KeyNameTable.TryFindName(argument, out ushort key))
                    throw new UsageException($"--keys <{text}>: there is no key {argument}");
                Add(steps, InputTarget.Keyboard, new InputChange(KeyType, key, text[0] == 'd' ? 1 : 0));
                break;
            default:
                return false;
        }

        return true;
    }

    private static void AddTouch(List<InputStep> steps, string text, int[] numbers)
    {
        int finger = Finger(text, numbers[0]);
        Add(
            steps,
            InputTarget.Touchscreen,
            new(AbsoluteType, Slot, finger),
            new(AbsoluteType, TrackingId, finger + 1),
            new(AbsoluteType, TouchX, numbers[1]),
            new(AbsoluteType, TouchY, numbers[2]),
            new(AbsoluteType, 0, numbers[1]),
            new(AbsoluteType, 1, numbers[2]),
            new(KeyType, ButtonTouch, 1));
    }

    /// <summary>The screen is touched until the last finger leaves it.</summary>
    private static void AddLift(List<InputStep> steps, int finger)
    {
        var touching = new HashSet<int>();
        foreach (InputStep step in steps.Where(step => step.Target == InputTarget.Touchscreen))
        {
            if (step.Changes[1].Value >= 0)
                touching.Add(step.Changes[0].Value);
            else
                touching.Remove(step.Changes[0].Value);
        }

        touching.Remove(finger);
        Add(steps, InputTarget.Touchscreen, new(AbsoluteType, Slot, finger), new(AbsoluteType, TrackingId, -1), new(KeyType, ButtonTouch, touching.Count == 0 ? 0 : 1));
    }

    private static void AddPress(List<InputStep> steps, InputTarget target, ushort button)
    {
        Add(steps, target, new InputChange(KeyType, button, 1));
        Add(steps, target, new InputChange(KeyType, button, 0));
    }

    private static void Add(List<InputStep> steps, InputTarget target, params IReadOnlyList<InputChange> changes) =>
        steps.Add(new InputStep(KeyScript.Pace, target, changes));

    private static int Finger(string text, int number) =>
        number is >= 0 and < Fingers ? number : throw new UsageException($"--keys <{text}>: fingers are 0 to {Fingers - 1}");

    private static ushort Find(Dictionary<string, ushort> names, string text, string name) =>
        names.TryGetValue(name, out ushort code) ? code : throw new UsageException($"--keys <{text}>: {name} is none of {string.Join(", ", names.Keys)}");

    private static int[] Numbers(string text, string argument, int count)
    {
        string[] parts = argument.Split(',');
        var numbers = new int[count];
        for (int i = 0; i < count; i++)
        {
            if (parts.Length != count || !int.TryParse(parts[i], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out numbers[i]))
                throw new UsageException($"--keys <{text}> needs {(count == 1 ? "a number" : $"{count} numbers with commas between")}");
        }

        return numbers;
    }
}
