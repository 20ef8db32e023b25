using System.Text;

namespace Hearth.Commands;

/// <summary>Rows with columns as wide as what is in them.</summary>
internal static class TextTable
{
    private const int Gap = 2;

    /// <param name="headings">One for each column.</param>
    /// <param name="rows">With as many cells as there are headings.</param>
    public static string Write(string[] headings, IEnumerable<string[]> rows)
    {
        string[][] lines = [[.. headings.Select(heading => heading.ToUpperInvariant())], .. rows];
        int[] widths = [.. headings.Select((_, column) => lines.Max(line => line[column].Length))];
        var text = new StringBuilder();
        foreach (string[] line in lines)
        {
            string cells = string.Concat(line.Select((cell, column) => cell.PadRight(widths[column] + Gap)));
            text.Append(cells.TrimEnd()).Append('\n');
        }

        return text.ToString();
    }
}
