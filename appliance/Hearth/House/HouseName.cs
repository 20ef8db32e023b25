using System.Globalization;

namespace Hearth.House;

/// <summary>How guests, seats, modes and persons may be called.</summary>
internal static class HouseName
{
    private const int Longest = 32;

    /// <summary>Two names that differ in nothing but the case of letters are the same.</summary>
    public static StringComparer Comparer => StringComparer.OrdinalIgnoreCase;

    /// <param name="what">Whose name it is: <c>guest</c>.</param>
    /// <returns>The name.</returns>
    /// <exception cref="HouseException">It cannot be one.</exception>
    public static string Require(string what, string? name)
    {
        if (string.IsNullOrEmpty(name))
            throw new HouseException(HouseFailure.Invalid, $"a {what} needs a name");
        if (new StringInfo(name).LengthInTextElements > Longest)
            throw new HouseException(HouseFailure.Invalid, $"\"{name}\" is too long for a {what}'s name: it may have {Longest} characters");
        if (!IsLetterOrDigit(name, 0) || !Enumerable.Range(0, name.Length).All(at => IsAllowed(name, at)))
            throw new HouseException(HouseFailure.Invalid, $"\"{name}\" cannot be a {what}'s name: letters of any language, digits, - and _ can, and the first is a letter or a digit");
        return name;
    }

    private static bool IsAllowed(string name, int at) => name[at] is '-' or '_' || char.IsLowSurrogate(name[at]) || IsLetterOrDigit(name, at) || IsMark(name, at);

    private static bool IsLetterOrDigit(string name, int at) => char.IsLetterOrDigit(name, at);

    /// <summary>What belongs to the letter before it: vowels of Indic scripts, accents that are characters of their own.</summary>
    private static bool IsMark(string name, int at) =>
        CharUnicodeInfo.GetUnicodeCategory(name, at) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark;
}
