using System.Globalization;

namespace Hearth.Commands;

/// <summary>A disk's size as people write it: a number with K, M, G or T, or plain bytes.</summary>
internal static class DiskSize
{
    /// <returns>Bytes.</returns>
    /// <exception cref="UsageException">It is no size.</exception>
    public static ulong Parse(string text)
    {
        int shift = text.Length == 0 ? 0 : char.ToUpperInvariant(text[^1]) switch { 'K' => 10, 'M' => 20, 'G' => 30, 'T' => 40, _ => 0 };
        ReadOnlySpan<char> digits = shift == 0 ? text : text.AsSpan(0, text.Length - 1);
        bool isSize = ulong.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out ulong number) && number > 0 && number <= (ulong)long.MaxValue >> shift;
        return isSize ? number << shift : throw new UsageException($"{text} is no size: write a number with K, M, G or T, such as 20G");
    }
}
