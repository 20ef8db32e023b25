namespace Hearth.Proving.Qmp;

/// <summary>Which key of a US keyboard gives a character.</summary>
internal static class UsKeyboardMap
{
    private static readonly Dictionary<char, (string Key, bool IsShifted)> s_keys = new()
    {
        ['\n'] = ("ret", false), ['\t'] = ("tab", false), ['\b'] = ("backspace", false), ['\e'] = ("esc", false), [' '] = ("spc", false),
        ['-'] = ("minus", false), ['_'] = ("minus", true), ['='] = ("equal", false), ['+'] = ("equal", true),
        ['['] = ("bracket_left", false), ['{'] = ("bracket_left", true), [']'] = ("bracket_right", false), ['}'] = ("bracket_right", true),
        ['\\'] = ("backslash", false), ['|'] = ("backslash", true), [';'] = ("semicolon", false), [':'] = ("semicolon", true),
        ['\''] = ("apostrophe", false), ['"'] = ("apostrophe", true), ['`'] = ("grave_accent", false), ['~'] = ("grave_accent", true),
        [','] = ("comma", false), ['<'] = ("comma", true), ['.'] = ("dot", false), ['>'] = ("dot", true), ['/'] = ("slash", false), ['?'] = ("slash", true),
        ['!'] = ("1", true), ['@'] = ("2", true), ['#'] = ("3", true), ['$'] = ("4", true), ['%'] = ("5", true),
        ['^'] = ("6", true), ['&'] = ("7", true), ['*'] = ("8", true), ['('] = ("9", true), [')'] = ("0", true),
    };

    /// <exception cref="ArgumentException">There is no such key.</exception>
    public static (string Key, bool IsShifted) Find(char character)
    {
        if (char.IsAsciiLetterOrDigit(character))
            return (char.ToLowerInvariant(character).ToString(), char.IsAsciiLetterUpper(character));
        return s_keys.TryGetValue(character, out (string, bool) key) ? key : throw new ArgumentException($"a US keyboard has no key for U+{(int)character:X4}", nameof(character));
    }
}
