using System.Globalization;
using Hearth.Machine;

namespace Hearth.Devices.Virtio.Network;

/// <summary>An Ethernet station address, 48 bits; the first octet is the most significant byte.</summary>
public readonly record struct MacAddress(ulong Value)
{
    private const int Length = 6;

    /// <summary>Reads <c>52:54:00:12:34:56</c>.</summary>
    /// <exception cref="MachineException">It is no address of a single station.</exception>
    public static MacAddress Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string[] octets = text.Split(':');
        ulong value = 0;
        foreach (string octet in octets)
        {
            if (octets.Length != Length || octet.Length != 2
                || !byte.TryParse(octet, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte parsed))
            {
                throw new MachineException($"'{text}' is not a MAC address such as 52:54:00:12:34:56.");
            }

            value = (value << 8) | parsed;
        }

        const ulong Multicast = 1UL << 40;
        return (value & Multicast) == 0
            ? new MacAddress(value)
            : throw new MachineException($"'{text}' is a multicast address; a NIC needs one of its own.");
    }

    public void CopyTo(Span<byte> octets)
    {
        for (int i = 0; i < Length; i++)
            octets[i] = (byte)(Value >> (8 * (Length - 1 - i)));
    }

    public override string ToString()
    {
        Span<byte> octets = stackalloc byte[Length];
        CopyTo(octets);
        return $"{octets[0]:x2}:{octets[1]:x2}:{octets[2]:x2}:{octets[3]:x2}:{octets[4]:x2}:{octets[5]:x2}";
    }
}
