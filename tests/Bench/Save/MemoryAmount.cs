using System.Globalization;
using Hearth.Guests;

namespace Hearth.Bench.Save;

/// <summary>A guest's memory.</summary>
/// <param name="Text">With M or G; both sides read it alike.</param>
internal readonly record struct MemoryAmount(string Text, long Bytes)
{
    public static MemoryAmount OneGiB { get; } = new("1G", 1L << 30);

    public static MemoryAmount FourGiB { get; } = new("4G", 4L << 30);

    /// <exception cref="GuestsException">It is none.</exception>
    public static MemoryAmount Parse(string text)
    {
        int shift = text switch
        {
            [.., 'M'] => 20,
            [.., 'G'] => 30,
            _ => throw new GuestsException($"{text} is no amount of memory: it ends in M or G"),
        };
        return int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count is > 0 and < 1 << 16
            ? new MemoryAmount(text, (long)count << shift)
            : throw new GuestsException($"{text} is no amount of memory");
    }
}
