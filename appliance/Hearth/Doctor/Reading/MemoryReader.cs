using System.Globalization;
using Hearth.Doctor.Facts;

namespace Hearth.Doctor.Reading;

/// <summary>Reads /proc/meminfo and the pools of huge pages.</summary>
internal static class MemoryReader
{
    private const string Path = "proc/meminfo";
    private const string Pools = "sys/kernel/mm/hugepages";

    public static MemoryFacts Read(HostTree tree)
    {
        IReadOnlyList<string>? lines = tree.ReadLines(Path);
        return new MemoryFacts(
            Bytes(lines, "MemTotal:"),
            Bytes(lines, "MemFree:"),
            Bytes(lines, "MemAvailable:"),
            Bytes(lines, "SwapTotal:"),
            Bytes(lines, "SwapFree:"),
            [.. tree.List(Pools).Select(name => Pool(tree, name)).OfType<HugePagePool>()],
            Chosen(tree.ReadValue("sys/kernel/mm/transparent_hugepage/enabled")),
            lines is null ? tree.Explain(Path, "nothing is known of memory") : null);
    }

    private static long? Bytes(IReadOnlyList<string>? lines, string name)
    {
        string? line = lines?.FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal));
        return line is null ? null : Kibibytes(line[name.Length..]);
    }

    /// <param name="name">Such as <c>hugepages-2048kB</c>.</param>
    private static HugePagePool? Pool(HostTree tree, string name)
    {
        const string Start = "hugepages-";
        long? size = name.StartsWith(Start, StringComparison.Ordinal) ? Kibibytes(name[Start.Length..]) : null;
        long? total = tree.ReadNumber($"{Pools}/{name}/nr_hugepages");
        long? free = tree.ReadNumber($"{Pools}/{name}/free_hugepages");
        return size is null || total is null || free is null ? null : new HugePagePool(size.Value, total.Value, free.Value);
    }

    private static long? Kibibytes(string text)
    {
        ReadOnlySpan<char> digits = text.AsSpan().Trim().TrimEnd("kB ");
        return long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out long number) && number <= long.MaxValue >> 10 ? number << 10 : null;
    }

    /// <summary>The kernel puts brackets around the one that holds: <c>always [madvise] never</c>.</summary>
    private static string? Chosen(string? choices) =>
        choices?.Split(' ').FirstOrDefault(choice => choice.StartsWith('[') && choice.EndsWith(']'))?.Trim('[', ']');
}
