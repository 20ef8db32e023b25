namespace Hearth.Proving;

/// <summary>Text as one word of the shell's language.</summary>
public static class ShellWord
{
    public static string Quote(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
    }
}
