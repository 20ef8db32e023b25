using System.Globalization;

namespace Hearth.Commands;

/// <summary>An x86 I/O port as people write it: decimal, or hexadecimal after 0x.</summary>
internal static class PortNumber
{
    // A dword written to the port must not pass the end of the port space.
    private const ushort Maximum = 0xFFFC;

    /// <exception cref="UsageException">It is no port.</exception>
    public static ushort Parse(string option, string text)
    {
        bool isHexadecimal = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        ushort port;
        bool isNumber = isHexadecimal
            ? ushort.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out port)
            : ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port);
        return isNumber && port <= Maximum ? port : throw new UsageException($"{option} {text} is no I/O port between 0 and 0x{Maximum:x}");
    }
}
