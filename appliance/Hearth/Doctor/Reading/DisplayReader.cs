using Hearth.Doctor.Facts;

namespace Hearth.Doctor.Reading;

/// <summary>Reads the graphics cards and their connectors (Linux, drivers/gpu/drm/drm_sysfs.c).</summary>
internal static class DisplayReader
{
    private const string Path = "sys/class/drm";

    public static Found<GraphicsCard> Read(HostTree tree)
    {
        IReadOnlyList<string> names = tree.List(Path);
        GraphicsCard[] cards = [.. names.Where(IsCard).Select(name => Card(tree, name, names))];
        return new Found<GraphicsCard>(cards, cards.Length > 0 ? null : tree.Exists(Path) ? "no graphics card has a display driver" : tree.Explain(Path, "the kernel has no display driver"));
    }

    private static bool IsCard(string name) =>
        name.StartsWith("card", StringComparison.Ordinal) && name.Length > 4 && !name.AsSpan(4).ContainsAnyExceptInRange('0', '9');

    private static GraphicsCard Card(HostTree tree, string name, IEnumerable<string> names)
    {
        string? vendor = tree.ReadValue($"{Path}/{name}/device/vendor");
        string? device = tree.ReadValue($"{Path}/{name}/device/device");
        string start = name + "-";
        return new GraphicsCard(
            name,
            tree.LinkName($"{Path}/{name}/device/driver"),
            vendor is null || device is null ? null : $"{Digits(vendor)}:{Digits(device)}",
            [.. names.Where(each => each.StartsWith(start, StringComparison.Ordinal)).Select(each => Connector(tree, each, each[start.Length..]))]);
    }

    private static Connector Connector(HostTree tree, string folder, string name) =>
        new(PrintableText.Clean(name, PrintableText.LongestName), tree.ReadValue($"{Path}/{folder}/status"), tree.ReadValue($"{Path}/{folder}/modes"));

    private static string Digits(string hexadecimal) => hexadecimal.StartsWith("0x", StringComparison.Ordinal) ? hexadecimal[2..] : hexadecimal;
}
