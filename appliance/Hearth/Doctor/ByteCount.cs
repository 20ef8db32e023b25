using System.Globalization;

namespace Hearth.Doctor;

/// <summary>An amount of memory as people read it.</summary>
internal static class ByteCount
{
    private static readonly (string Unit, int Shift)[] s_units = [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)];

    public static string Write(long? bytes)
    {
        if (bytes is not { } count)
            return "not known";
        foreach ((string unit, int shift) in s_units)
        {
            if (count >= 1L << shift)
                return string.Create(CultureInfo.InvariantCulture, $"{count / (double)(1L << shift):0.#} {unit}");
        }

        return string.Create(CultureInfo.InvariantCulture, $"{count} bytes");
    }
}
