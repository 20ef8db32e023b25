using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Hearth.Doctor.Reading;

/// <summary>The files in which the kernel describes this host. Nothing here throws: what cannot be read is null or empty, and can be explained.</summary>
/// <param name="root">The folder that stands for /.</param>
internal sealed partial class HostTree(string root = "/")
{
    // The longest file, /proc/cpuinfo, has two kilobytes a processor.
    private const int LongestFile = 4 << 20;
    private const int LongestLine = 16 << 10;
    private const int LongestNumber = 10;

    /// <summary>The lines of a file, printable and trimmed; null when it cannot be read.</summary>
    /// <param name="path">From the root, such as <c>proc/cpuinfo</c>.</param>
    public IReadOnlyList<string>? ReadLines(string path) =>
        ReadText(path)?.Split('\n').Select(line => PrintableText.Clean(line, LongestLine)).ToArray();

    /// <summary>The first line of a file that holds one value; null when there is none or it is empty.</summary>
    public string? ReadValue(string path)
    {
        string? text = ReadText(path);
        string value = text is null ? "" : PrintableText.Clean(text.Split('\n')[0], PrintableText.LongestName);
        return value.Length == 0 ? null : value;
    }

    /// <summary>A file that holds a number; null when it does not.</summary>
    public long? ReadNumber(string path) =>
        long.TryParse(ReadValue(path), NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : null;

    /// <summary>The names in a folder, <c>card2</c> before <c>card10</c>; none when it cannot be read.</summary>
    public IReadOnlyList<string> List(string path)
    {
        try
        {
            return
            [
                .. new DirectoryInfo(Full(path)).EnumerateFileSystemInfos()
                    .Select(entry => entry.Name)
                    .OrderBy(name => Digits().Replace(name, match => match.Value.PadLeft(LongestNumber, '0')), StringComparer.Ordinal),
            ];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>The last name of where a link leads to, such as that of a device's driver.</summary>
    public string? LinkName(string path)
    {
        try
        {
            return new FileInfo(Full(path)).LinkTarget is { } target ? PrintableText.Clean(Path.GetFileName(target), PrintableText.LongestName) : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public bool Exists(string path) => Path.Exists(Full(path));

    /// <summary>Why a file or folder gave nothing, a sentence without a full stop.</summary>
    /// <param name="meaning">What it means when it is not there.</param>
    public string Explain(string path, string meaning) => Exists(path) ? $"/{path} is not readable" : $"{meaning} (/{path} is not there)";

    private string? ReadText(string path)
    {
        try
        {
            // By hand: files of the kernel have no length that could be trusted.
            using FileStream file = new(Full(path), FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            using var bytes = new MemoryStream();
            var buffer = new byte[4096];
            for (int count = file.Read(buffer); count > 0 && bytes.Length < LongestFile; count = file.Read(buffer))
                bytes.Write(buffer, 0, count);
            return Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private string Full(string path) => Path.Combine(root, path);

    [GeneratedRegex(@"\d+")]
    private static partial Regex Digits();
}
