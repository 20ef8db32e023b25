using System.Globalization;

namespace Hearth.Bench.Cpu;

/// <summary>What one contender made of one row in one round.</summary>
/// <param name="Seconds">Null when the row was not run.</param>
/// <param name="Checksum">Of what was computed; the same everywhere.</param>
/// <param name="Path">Which implementation the program chose for the processor, or a dash where there is one only.</param>
/// <param name="Skipped">Why the row was not run; null when it was.</param>
internal sealed record RowResult(string Row, double? Seconds, string Checksum, string Path, string? Skipped)
{
    private const string Marker = "hearth-bench ";

    /// <summary>
    /// Reads a line of the programs: <c>hearth-bench ROW CLASS SECONDS CHECKSUM PATH</c> or <c>hearth-bench ROW CLASS skip WHY</c>.
    /// </summary>
    /// <returns>Null for any other line.</returns>
    public static RowResult? Parse(string line)
    {
        // A kernel message may stand before it on the same line of the console.
        int marker = line.IndexOf(Marker, StringComparison.Ordinal);
        if (marker < 0)
            return null;
        string[] words = line[(marker + Marker.Length)..].Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return words switch
        {
            [string row, _, "skip", string why] => new RowResult(row, null, "", "", why),
            [string row, _, string seconds, string checksum, string path] when IsTime(seconds, out double time) =>
                new RowResult(row, time, checksum, path, null),
            _ => null,
        };
    }

    /// <summary>Whether the line is a program's complaint about a row that failed.</summary>
    public static bool IsComplaint(string line) => line.StartsWith("programs: ", StringComparison.Ordinal);

    private static bool IsTime(string text, out double seconds) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out seconds) && seconds > 0;
}
