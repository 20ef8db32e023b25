namespace Hearth.Switch;

/// <summary>Decides where each frame goes: by the stations behind the ports, and by which ports share a LAN. Knows no sockets. Allocates nothing for a frame.</summary>
public sealed class SwitchRules
{
    /// <summary>Ports at most: a bit each.</summary>
    public const int MostPorts = 64;

    private const int HeaderLength = 14;

    private readonly EthernetAddress?[] _addresses;
    private readonly ulong[] _reachable;
    private readonly Dictionary<ulong, int> _owners = [];
    private readonly AddressTable _learned = new();
    private readonly FrameBudget[] _budgets;
    private readonly ulong _anyStation;

    /// <param name="now">Milliseconds of any clock that does not go back.</param>
    /// <exception cref="ArgumentException">There are too many ports, or two have the same name or station.</exception>
    public SwitchRules(IReadOnlyList<SwitchPortOptions> ports, long now)
    {
        ArgumentNullException.ThrowIfNull(ports);
        if (ports.Count > MostPorts)
            throw new ArgumentException($"a switch has at most {MostPorts} ports, not {ports.Count}");
        _addresses = [.. ports.Select(port => port.Address)];
        _reachable = new ulong[ports.Count];
        _budgets = new FrameBudget[ports.Count];
        for (int i = 0; i < ports.Count; i++)
        {
            if (ports.Take(i).Any(other => other.Name == ports[i].Name))
                throw new ArgumentException($"two ports are named {ports[i].Name}");
            _budgets[i] = new FrameBudget(now);
            if (ports[i].Address is not { } address)
                _anyStation |= 1UL << i;
            else if (!_owners.TryAdd(address.Value, i))
                throw new ArgumentException($"the ports {ports[_owners[address.Value]].Name} and {ports[i].Name} have the same station, {address}");
            for (int j = 0; j < ports.Count; j++)
            {
                if (i != j && ports[i].Lans.Intersect(ports[j].Lans).Any())
                    _reachable[i] |= 1UL << j;
            }
        }
    }

    /// <param name="from">The port it came from, by its place in the list.</param>
    /// <param name="now">As in the constructor.</param>
    /// <param name="to">The ports it goes to, a bit each; 0 unless it is <see cref="FrameVerdict.Forwarded"/>.</param>
    public FrameVerdict Judge(int from, ReadOnlySpan<byte> frame, long now, out ulong to)
    {
        to = 0;
        if (frame.Length < HeaderLength)
            return FrameVerdict.Malformed;
        EthernetAddress destination = EthernetAddress.Read(frame);
        EthernetAddress source = EthernetAddress.Read(frame[EthernetAddress.Length..]);
        if (!IsBehind(source, from))
            return FrameVerdict.Spoofed;
        if (_addresses[from] is null)
            _learned.Learn(source, from, now);
        if (!destination.IsGroup && FindPort(destination, now) is >= 0 and int port)
        {
            to = _reachable[from] & (1UL << port);
            return to != 0 ? FrameVerdict.Forwarded : port == from ? FrameVerdict.Unclaimed : FrameVerdict.KeptApart;
        }

        ulong many = destination.IsGroup ? _reachable[from] : _reachable[from] & _anyStation;
        if (many == 0)
            return FrameVerdict.Unclaimed;
        if (!_budgets[from].TryTake(now))
            return FrameVerdict.Storm;
        to = many;
        return FrameVerdict.Forwarded;
    }

    /// <summary>Nobody is connected to a port any more.</summary>
    public void Disconnected(int port) => _learned.Forget(port);

    /// <summary>To be called now and then.</summary>
    public void Expire(long now) => _learned.Expire(now);

    private bool IsBehind(EthernetAddress source, int port)
    {
        if (source.IsGroup)
            return false;
        return _addresses[port] is { } address ? source == address : !_owners.ContainsKey(source.Value);
    }

    private int FindPort(EthernetAddress station, long now) => _owners.TryGetValue(station.Value, out int owner) ? owner : _learned.Find(station, now);
}
