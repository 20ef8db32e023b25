namespace Hearth.Commands;

/// <summary>Keys by what is printed on them: names, and the characters of a US keyboard (codes of linux/input-event-codes.h).</summary>
internal static class KeyNameTable
{
    public const ushort Shift = 42;

    private const string Row1 = "`1234567890-=";
    private const string Row1Shifted = "~!@#$%^&*()_+";
    private const string Row2 = "qwertyuiop[]";
    private const string Row2Shifted = "QWERTYUIOP{}";
    private const string Row3 = "asdfghjkl;'";
    private const string Row3Shifted = "ASDFGHJKL:\"";
    private const string Row4 = "zxcvbnm,./";
    private const string Row4Shifted = "ZXCVBNM<>?";

    private static readonly Dictionary<string, ushort> s_names = new(StringComparer.OrdinalIgnoreCase)
    {
        ["esc"] = 1, ["backspace"] = 14, ["tab"] = 15, ["enter"] = 28, ["ctrl"] = 29, ["shift"] = Shift, ["alt"] = 56, ["space"] = 57, ["capslock"] = 58,
        ["numlock"] = 69, ["scrolllock"] = 70, ["rightctrl"] = 97, ["print"] = 99, ["altgr"] = 100, ["home"] = 102, ["up"] = 103, ["pageup"] = 104,
        ["left"] = 105, ["right"] = 106, ["end"] = 107, ["down"] = 108, ["pagedown"] = 109, ["insert"] = 110, ["del"] = 111, ["delete"] = 111, ["pause"] = 119,
        ["super"] = 125, ["menu"] = 127, ["rightshift"] = 54,
        ["f1"] = 59, ["f2"] = 60, ["f3"] = 61, ["f4"] = 62, ["f5"] = 63, ["f6"] = 64, ["f7"] = 65, ["f8"] = 66, ["f9"] = 67, ["f10"] = 68, ["f11"] = 87, ["f12"] = 88,
    };

    private static readonly Dictionary<char, (ushort Key, bool Shifted)> s_characters = BuildCharacters();

    /// <summary>A key by its name, or a single character that needs no Shift.</summary>
    public static bool TryFindName(string name, out ushort key)
    {
        if (s_names.TryGetValue(name, out key))
            return true;
        bool isPlain = name.Length == 1 && s_characters.TryGetValue(char.ToLowerInvariant(name[0]), out (ushort Key, bool Shifted) found) && !found.Shifted;
        key = isPlain ? s_characters[char.ToLowerInvariant(name[0])].Key : (ushort)0;
        return isPlain;
    }

    /// <param name="shifted">It needs Shift.</param>
    public static bool TryFindCharacter(char character, out ushort key, out bool shifted)
    {
        bool isThere = s_characters.TryGetValue(character, out (ushort Key, bool Shifted) found);
        (key, shifted) = found;
        return isThere;
    }

    private static Dictionary<char, (ushort Key, bool Shifted)> BuildCharacters()
    {
        var characters = new Dictionary<char, (ushort, bool)> { [' '] = (57, false), ['\n'] = (28, false), ['\t'] = (15, false), ['\\'] = (43, false), ['|'] = (43, true) };
        characters['`'] = (41, false);
        characters['~'] = (41, true);
        Add(characters, Row1[1..], Row1Shifted[1..], 2);
        Add(characters, Row2, Row2Shifted, 16);
        Add(characters, Row3, Row3Shifted, 30);
        Add(characters, Row4, Row4Shifted, 44);
        return characters;
    }

    private static void Add(Dictionary<char, (ushort Key, bool Shifted)> characters, string plain, string shifted, ushort first)
    {
        for (int i = 0; i < plain.Length; i++)
        {
            characters[plain[i]] = ((ushort)(first + i), false);
            characters[shifted[i]] = ((ushort)(first + i), true);
        }
    }
}
