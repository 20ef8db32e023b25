namespace Hearth.Switch;

/// <summary>Which stations were seen behind ports that may have several (IEEE 802.1Q, section 8.8: the dynamic filtering database).</summary>
internal sealed class AddressTable
{
    /// <summary>Stations at most: a port that makes up new ones all the time is not to use up the host's memory.</summary>
    public const int Most = 4096;

    /// <summary>Milliseconds after which a silent station is forgotten.</summary>
    public const long Lifetime = 300_000;

    private readonly Dictionary<ulong, (int Port, long Seen)> _stations = new(Most);

    /// <summary>Notes a station; one that was behind another port has moved. When there are too many it is not noted, and frames for it go to every port it may be behind.</summary>
    public void Learn(EthernetAddress station, int port, long now)
    {
        if (_stations.Count == Most && !_stations.ContainsKey(station.Value))
            return;
        _stations[station.Value] = (port, now);
    }

    /// <returns>The port, or -1 when it is not known.</returns>
    public int Find(EthernetAddress station, long now)
    {
        if (!_stations.TryGetValue(station.Value, out (int Port, long Seen) entry))
            return -1;
        if (now - entry.Seen <= Lifetime)
            return entry.Port;
        _stations.Remove(station.Value);
        return -1;
    }

    /// <summary>Forgets what is behind a port.</summary>
    public void Forget(int port)
    {
        foreach ((ulong station, (int Port, long Seen) entry) in _stations)
        {
            if (entry.Port == port)
                _stations.Remove(station);
        }
    }

    /// <summary>Forgets what was silent for too long.</summary>
    public void Expire(long now)
    {
        foreach ((ulong station, (int Port, long Seen) entry) in _stations)
        {
            if (now - entry.Seen > Lifetime)
                _stations.Remove(station);
        }
    }
}
