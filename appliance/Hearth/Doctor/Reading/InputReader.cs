using Hearth.Doctor.Facts;

namespace Hearth.Doctor.Reading;

/// <summary>Reads /proc/bus/input/devices (Linux, drivers/input/input.c): a block of lines a device, each with a letter for what it tells.</summary>
internal static class InputReader
{
    private const string Path = "proc/bus/input/devices";

    public static Found<InputDevice> Read(HostTree tree)
    {
        IReadOnlyList<string>? lines = tree.ReadLines(Path);
        InputDevice[] devices = [.. Blocks(lines ?? []).Select(Device).OfType<InputDevice>()];
        return new Found<InputDevice>(devices, devices.Length > 0 ? null : lines is null ? tree.Explain(Path, "the kernel has no input devices") : "there is no keyboard, no mouse and nothing like them");
    }

    private static IEnumerable<List<string>> Blocks(IEnumerable<string> lines)
    {
        var block = new List<string>();
        foreach (string line in lines.Append(""))
        {
            if (line.Length > 0)
            {
                block.Add(line);
            }
            else if (block.Count > 0)
            {
                yield return block;
                block = [];
            }
        }
    }

    private static InputDevice? Device(List<string> block)
    {
        string? name = Value(block, "N: Name=")?.Trim('"');
        if (name is null)
            return null;
        string[] handlers = Value(block, "H: Handlers=")?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
        return new InputDevice(
            InputCapabilities.Read(block, handlers).Kind,
            name.Length == 0 ? "(no name)" : PrintableText.Clean(name, PrintableText.LongestName),
            Value(block, "P: Phys=") is { Length: > 0 } path ? PrintableText.Clean(path, PrintableText.LongestName) : null,
            handlers.FirstOrDefault(handler => handler.StartsWith("event", StringComparison.Ordinal)));
    }

    private static string? Value(List<string> block, string start) =>
        block.Find(line => line.StartsWith(start, StringComparison.Ordinal))?[start.Length..];
}
