using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Hearth.Switch;

/// <summary>An Ethernet station address, 48 bits (IEEE 802, section 8); the first octet is the most significant byte.</summary>
public readonly record struct EthernetAddress(ulong Value)
{
    /// <summary>Octets.</summary>
    public const int Length = 6;

    private const ulong Group = 1UL << 40;

    // Locally administered, of a single station.
    private const ulong OwnPrefix = 0x02_48_54UL << 24;

    /// <summary>The address means several stations: multicast, or all of them.</summary>
    public bool IsGroup => (Value & Group) != 0;

    /// <param name="octets">At least <see cref="Length"/>.</param>
    public static EthernetAddress Read(ReadOnlySpan<byte> octets) => new(
        ((ulong)octets[0] << 40) | ((ulong)octets[1] << 32) | ((ulong)octets[2] << 24) | ((ulong)octets[3] << 16) | ((ulong)octets[4] << 8) | octets[5]);

    /// <summary>An address for what has a name: the same for the same name, another one for another name or, as good as always, on another host.</summary>
    /// <param name="host">What tells this host from others.</param>
    public static EthernetAddress Of(string name, string host)
    {
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{host}\n{name}"));
        return new EthernetAddress(OwnPrefix | ((ulong)hash[0] << 16) | ((ulong)hash[1] << 8) | hash[2]);
    }

    /// <summary>Reads <c>52:54:00:12:34:56</c>.</summary>
    /// <returns>False when it is no address of a single station.</returns>
    public static bool TryParse(string text, out EthernetAddress address)
    {
        ArgumentNullException.ThrowIfNull(text);
        address = default;
        string[] octets = text.Split(':');
        ulong value = 0;
        foreach (string octet in octets)
        {
            if (octet.Length != 2 || !byte.TryParse(octet, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte parsed))
                return false;
            value = (value << 8) | parsed;
        }

        address = new EthernetAddress(value);
        return octets.Length == Length && !address.IsGroup;
    }

    public override string ToString()
    {
        ulong value = Value;
        return string.Join(':', Enumerable.Range(0, Length).Select(i => ((byte)(value >> (8 * (Length - 1 - i)))).ToString("x2", CultureInfo.InvariantCulture)));
    }
}
