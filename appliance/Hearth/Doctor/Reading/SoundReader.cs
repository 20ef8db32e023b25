using System.Globalization;
using System.Text.RegularExpressions;
using Hearth.Doctor.Facts;

namespace Hearth.Doctor.Reading;

/// <summary>Reads /proc/asound/cards (Linux, sound/core/init.c): two lines a card, of which the first has what matters.</summary>
internal static partial class SoundReader
{
    private const string Path = "proc/asound/cards";

    public static Found<SoundCard> Read(HostTree tree)
    {
        IReadOnlyList<string>? lines = tree.ReadLines(Path);
        SoundCard[] cards = [.. (lines ?? []).Select(line => FirstLine().Match(line)).Where(match => match.Success).Select(Card)];
        return new Found<SoundCard>(cards, cards.Length > 0 ? null : lines is null ? tree.Explain(Path, "the kernel has no sound driver") : "no sound card has a driver");
    }

    private static SoundCard Card(Match line) => new(
        int.Parse(line.Groups["number"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture),
        line.Groups["id"].Value.Trim(),
        Text(line.Groups["driver"]),
        Text(line.Groups["name"]));

    private static string? Text(Group group) => group.Value.Trim() is { Length: > 0 } text ? PrintableText.Clean(text, PrintableText.LongestName) : null;

    [GeneratedRegex(@"^(?<number>\d{1,4}) \[(?<id>[^\]]{1,64})\]:\s*(?<driver>.*?)( - (?<name>.*))?$")]
    private static partial Regex FirstLine();
}
