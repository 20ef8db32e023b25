using Hearth.Storage;

namespace Hearth.Launch;

/// <summary>What <c>--disk FILE[,format=raw|qcow2][,readonly]</c> says.</summary>
/// <param name="Format">Null where it is to be recognised.</param>
internal sealed record DiskOption(string Path, DiskFormat? Format, bool IsReadOnly)
{
    private const string FormatPrefix = "format=";

    /// <summary>The words at the end are taken off one by one, so that a file's name may have commas.</summary>
    /// <exception cref="UsageException">A format is not known, or said twice.</exception>
    public static DiskOption Parse(string text)
    {
        var option = new DiskOption(text, null, false);
        while (option.Path.LastIndexOf(',') is >= 0 and var comma)
        {
            string word = option.Path[(comma + 1)..];
            string rest = option.Path[..comma];
            if (word == "readonly")
                option = option with { Path = rest, IsReadOnly = true };
            else if (word.StartsWith(FormatPrefix, StringComparison.Ordinal))
                option = option with { Path = rest, Format = ParseFormat(text, word[FormatPrefix.Length..], option.Format) };
            else
                break;
        }

        return option;
    }

    private static DiskFormat ParseFormat(string text, string name, DiskFormat? before)
    {
        if (before is not null)
            throw new UsageException($"--disk {text} says two formats");
        return DiskFormatNames.Find(name) ?? throw new UsageException($"--disk {text}: {name} is neither raw nor qcow2");
    }
}
