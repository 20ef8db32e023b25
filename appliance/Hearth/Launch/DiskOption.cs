using Hearth.Protocol;
using Hearth.Storage;

namespace Hearth.Launch;

/// <summary>What <c>--disk FILE[,format=raw|qcow2][,readonly][,bus=virtio|ide]</c> says.</summary>
/// <param name="Format">Null where it is to be recognised.</param>
/// <param name="Bus"><see cref="DiskConfiguration.Virtio"/> or <see cref="DiskConfiguration.Ide"/>.</param>
internal sealed record DiskOption(string Path, DiskFormat? Format, bool IsReadOnly, string Bus = DiskConfiguration.Virtio)
{
    private const string FormatPrefix = "format=";
    private const string BusPrefix = "bus=";

    /// <summary>The words at the end are taken off one by one, so that a file's name may have commas.</summary>
    /// <exception cref="UsageException">A format is not known, or said twice, or a bus is not known.</exception>
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
            else if (word.StartsWith(BusPrefix, StringComparison.Ordinal))
                option = option with { Path = rest, Bus = ParseBus(text, word[BusPrefix.Length..]) };
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

    private static string ParseBus(string text, string name) =>
        name is DiskConfiguration.Virtio or DiskConfiguration.Ide ? name : throw new UsageException($"--disk {text}: {name} is neither virtio nor ide");
}
