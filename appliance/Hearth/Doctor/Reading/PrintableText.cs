using System.Globalization;
using System.Text;

namespace Hearth.Doctor.Reading;

/// <summary>Text that a device has made up, such as a USB product's name, in a form that is safe to print.</summary>
internal static class PrintableText
{
    /// <summary>Characters of a name: more than any honest one has.</summary>
    public const int LongestName = 100;

    /// <summary>Takes away what would move a terminal's cursor or turn its text around, and what is too long.</summary>
    public static string Clean(string text, int longest)
    {
        var clean = new StringBuilder(Math.Min(text.Length, longest + 1));
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (clean.Length >= longest)
                return clean.Append('…').ToString().Trim();
            clean.Append(IsPrintable(rune) ? rune.ToString() : Rune.IsWhiteSpace(rune) ? " " : "\uFFFD");
        }

        return clean.ToString().Trim();
    }

    private static bool IsPrintable(Rune rune) => Rune.GetUnicodeCategory(rune) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.OtherNotAssigned or UnicodeCategory.PrivateUse);
}
