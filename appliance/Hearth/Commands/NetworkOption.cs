using Hearth.Linux;
using Hearth.Switch;

namespace Hearth.Commands;

/// <summary>One <c>--net</c>: a NIC, and what it is plugged into.</summary>
/// <param name="Name">The socket or the interface; empty for <see cref="NetworkKind.User"/>.</param>
/// <param name="Bridge">The bridge that a tap interface joins; null for none.</param>
/// <param name="Address">The NIC's own address where it was given.</param>
internal sealed record NetworkOption(NetworkKind Kind, string Name, string? Bridge, EthernetAddress? Address)
{
    private const string Forms = "user, passt:SOCKET, switch:SOCKET, tap:NAME[,bridge=BRIDGE] and none, with ,mac=ADDRESS behind it";

    /// <returns>Null for none.</returns>
    /// <exception cref="UsageException">It makes no sense.</exception>
    public static NetworkOption? Parse(string text)
    {
        if (text == "none")
            return null;
        string[] parts = text.Split(',');
        int colon = parts[0].IndexOf(':', StringComparison.Ordinal);
        string kind = colon < 0 ? parts[0] : parts[0][..colon];
        NetworkOption option = (kind, colon < 0) switch
        {
            ("user", true) => new NetworkOption(NetworkKind.User, "", null, null),
            ("passt", false) => new NetworkOption(NetworkKind.Passt, NameIn(text, parts[0], colon, "socket"), null, null),
            ("switch", false) => new NetworkOption(NetworkKind.Switch, NameIn(text, parts[0], colon, "socket"), null, null),
            ("tap", false) => new NetworkOption(NetworkKind.Tap, InterfaceName(text, NameIn(text, parts[0], colon, "interface")), null, null),
            _ => throw new UsageException($"--net {text} is none of {Forms}"),
        };
        foreach (string setting in parts.Skip(1))
            option = option.With(text, setting);
        return option;
    }

    private NetworkOption With(string text, string setting)
    {
        int equals = setting.IndexOf('=', StringComparison.Ordinal);
        string name = equals < 0 ? setting : setting[..equals];
        string value = equals < 0 ? "" : setting[(equals + 1)..];
        return name switch
        {
            "mac" => EthernetAddress.TryParse(value, out EthernetAddress address)
                ? this with { Address = address }
                : throw new UsageException($"--net {text}: {value} is no address of one station, such as 02:48:54:00:00:01"),
            "bridge" when Kind == NetworkKind.Tap => this with { Bridge = InterfaceName(text, value) },
            _ => throw new UsageException($"--net {text}: {setting} is no setting of it"),
        };
    }

    private static string NameIn(string text, string part, int colon, string what) =>
        colon + 1 < part.Length ? part[(colon + 1)..] : throw new UsageException($"--net {text} names no {what}");

    private static string InterfaceName(string text, string name) =>
        TapInterface.IsName(name) ? name : throw new UsageException($"--net {text}: {name} cannot be the name of an interface");
}
