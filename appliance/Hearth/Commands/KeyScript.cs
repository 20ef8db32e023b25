using System.Globalization;
using Hearth.Protocol;

namespace Hearth.Commands;

/// <summary>
/// The text of <c>--keys</c>: characters of a US keyboard; <c>\n</c>, <c>\t</c> and <c>\\</c>; and between angle brackets keys, several of them with hyphens
/// between, or what other hands do (<see cref="PointerScript"/>). A bracket itself is <c>&lt;shift-,&gt;</c>.
/// </summary>
internal static class KeyScript
{
    /// <summary>Milliseconds between two changes: slow enough for a guest that polls.</summary>
    public const int Pace = 20;

    private const string AfterMark = ",after=";
    private const int MaximumSteps = 8000;
    private const double MaximumSeconds = 1_000_000;
    private const ushort KeyType = 1;

    /// <param name="text">The option's value; <c>,after=SECONDS</c> at its end says how long the guest has run when typing begins.</param>
    /// <exception cref="UsageException">It has a character or a name that no key has.</exception>
    public static IReadOnlyList<InputStep> Parse(string text)
    {
        double after = 0;
        int mark = text.LastIndexOf(AfterMark, StringComparison.Ordinal);
        string typed = mark < 0 ? text : text[..mark];
        if (mark >= 0)
            after = ParseSeconds(text, text[(mark + AfterMark.Length)..]);
        var steps = new List<InputStep>();
        AddWait(steps, after);
        for (int at = 0; at < typed.Length;)
            at += typed[at] == '<' ? AddName(steps, typed, at) : AddCharacter(steps, typed, at);
        if (steps.Count > MaximumSteps)
            throw new UsageException($"--keys is too long: at most {MaximumSteps / 2} keys are");
        return steps;
    }

    internal static void AddWait(List<InputStep> steps, double seconds)
    {
        if (seconds > 0)
            steps.Add(new InputStep((int)(seconds * 1000), InputTarget.Keyboard, []));
    }

    internal static double ParseSeconds(string option, string text) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double seconds) && seconds <= MaximumSeconds
            ? seconds
            : throw new UsageException($"--keys {option}: {text} is no number of seconds");

    private static int AddCharacter(List<InputStep> steps, string text, int at)
    {
        int length = text[at] == '\\' && at + 1 < text.Length ? 2 : 1;
        char character = length == 1 ? text[at] : text[at + 1] switch
        {
            'n' => '\n',
            't' => '\t',
            '\\' => '\\',
            _ => throw new UsageException($"--keys {text}: \\{text[at + 1]} is none of \\n, \\t and \\\\"),
        };
        if (!KeyNameTable.TryFindCharacter(character, out ushort key, out bool shifted))
            throw new UsageException($"--keys {text}: no key of a US keyboard has the character {character}");
        AddChord(steps, shifted ? [KeyNameTable.Shift, key] : [key]);
        return length;
    }

    private static int AddName(List<InputStep> steps, string text, int at)
    {
        int end = text.IndexOf('>', at);
        if (end < 0)
            throw new UsageException($"--keys {text}: a name begins with < and does not end with >");
        string name = text[(at + 1)..end];
        if (!PointerScript.TryAdd(steps, name))
            AddChord(steps, [.. name.Split('-').Select(part => FindKey(text, part))]);
        return end + 1 - at;
    }

    private static ushort FindKey(string text, string name) =>
        KeyNameTable.TryFindName(name, out ushort key) ? key : throw new UsageException($"--keys {text}: there is no key <{name}>");

    /// <summary>Presses keys in order and releases them in the opposite one.</summary>
    private static void AddChord(List<InputStep> steps, ReadOnlySpan<ushort> keys)
    {
        foreach (ushort key in keys)
            steps.Add(new InputStep(Pace, InputTarget.Keyboard, [new InputChange(KeyType, key, 1)]));
        for (int i = keys.Length - 1; i >= 0; i--)
            steps.Add(new InputStep(Pace, InputTarget.Keyboard, [new InputChange(KeyType, keys[i], 0)]));
    }
}
