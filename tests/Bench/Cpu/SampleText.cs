using System.Text;

namespace Hearth.Bench.Cpu;

/// <summary>Text that compresses as prose does: words from a vocabulary, common ones often. The same every time.</summary>
internal static class SampleText
{
    private const int VocabularySize = 6000;
    private const string Letters = "etaoinshrdlucmfwygpbvkxqjz";

    public static byte[] Create(int bytes)
    {
        ulong state = 88172645463325252;
        string[] words = new string[VocabularySize];
        for (int i = 0; i < words.Length; i++)
            words[i] = Word(ref state);
        var text = new StringBuilder(bytes + 32);
        while (text.Length < bytes)
        {
            // The product of two uniform numbers favours the small ones, as the ranks of words in a language do.
            ulong rank = Next(ref state) % VocabularySize * (Next(ref state) % VocabularySize) / VocabularySize;
            text.Append(words[rank]).Append(Next(ref state) % 12 == 0 ? '\n' : ' ');
        }

        return Encoding.ASCII.GetBytes(text.ToString(0, bytes));
    }

    private static string Word(ref ulong state)
    {
        int length = 2 + (int)(Next(ref state) % 8);
        var word = new StringBuilder(length);
        for (int i = 0; i < length; i++)
            word.Append(Letters[(int)(Next(ref state) % 26 * (Next(ref state) % 26) / 26)]);
        return word.ToString();
    }

    /// <summary>Marsaglia's xorshift64.</summary>
    private static ulong Next(ref ulong state)
    {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return state >> 11;
    }
}
