using System.Text;

namespace Hearth.Devices.Platform.Acpi.Aml;

/// <summary>Names in the ACPI name space (ACPI 6.5, section 20.2.2).</summary>
internal static class AmlPath
{
    private const int SegmentLength = 4;
    private const byte DualNamePrefix = 0x2E;
    private const byte MultiNamePrefix = 0x2F;

    /// <param name="path">As in ASL: <c>\_SB.PCI0</c>, <c>_CRS</c>; short segments are filled up with underscores.</param>
    public static byte[] Encode(string path)
    {
        string relative = path.TrimStart('\\', '^');
        string prefix = path[..^relative.Length];
        string[] segments = relative.Length == 0 ? [] : relative.Split('.');
        var bytes = new List<byte>(Encoding.ASCII.GetBytes(prefix));
        switch (segments.Length)
        {
            case 0:
                bytes.Add(0);
                break;
            case 1:
                break;
            case 2:
                bytes.Add(DualNamePrefix);
                break;
            default:
                bytes.Add(MultiNamePrefix);
                bytes.Add((byte)segments.Length);
                break;
        }

        foreach (string segment in segments)
            bytes.AddRange(Encoding.ASCII.GetBytes(Checked(segment).PadRight(SegmentLength, '_')));
        return [.. bytes];
    }

    private static string Checked(string segment)
    {
        bool valid = segment.Length is > 0 and <= SegmentLength
            && !char.IsAsciiDigit(segment[0])
            && segment.All(c => char.IsAsciiLetterUpper(c) || char.IsAsciiDigit(c) || c == '_');
        return valid ? segment : throw new ArgumentException($"'{segment}' is no ACPI name segment.", nameof(segment));
    }
}
