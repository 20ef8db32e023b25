using System.Globalization;
using Hearth.Guests;

namespace Hearth.Bench;

/// <summary>Values of command line options.</summary>
internal static class BenchOption
{
    /// <exception cref="GuestsException">It is no number or out of range.</exception>
    public static int Number(string text, int least, int most) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value >= least && value <= most
            ? value
            : throw new GuestsException($"{text} is no number from {least} to {most}");

    public static string[] Words(string text, char separator) =>
        text.Split(separator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>Fails before the long work and not after it; what is in the file stays.</summary>
    /// <exception cref="GuestsException">The file cannot be written.</exception>
    public static void CheckFile(string path)
    {
        try
        {
            File.Open(path, FileMode.OpenOrCreate, FileAccess.Write).Dispose();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new GuestsException($"{path} cannot be written: {error.Message}", error);
        }
    }

    /// <summary>Writes what an option names a file for.</summary>
    /// <exception cref="GuestsException">The file cannot be written.</exception>
    public static void WriteFile(string path, string content)
    {
        try
        {
            File.WriteAllText(path, content);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new GuestsException($"{path} cannot be written: {error.Message}", error);
        }
    }
}
