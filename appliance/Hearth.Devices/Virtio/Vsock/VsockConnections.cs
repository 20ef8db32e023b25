namespace Hearth.Devices.Virtio.Vsock;

/// <summary>The connections of a device, by number and by their ports, and in what order they have their turn with the guest's buffers.</summary>
internal sealed class VsockConnections
{
    /// <summary>As many as there are at most, so that neither a guest nor a program can use up the host's memory.</summary>
    public const int Maximum = 256;

    // Above every port that programs are given to choose.
    private const uint FirstHostPort = 1U << 30;

    private readonly VsockConnection?[] _slots = new VsockConnection?[Maximum];
    private readonly Dictionary<(uint Host, uint Guest), VsockConnection> _byPorts = new(Maximum);
    private readonly Queue<VsockConnection> _waiting = new(Maximum);
    private uint _nextHostPort = FirstHostPort;

    public int Count { get; private set; }

    public bool HasWaiting => _waiting.Count != 0;

    public VsockConnection? Find(uint hostPort, uint guestPort) => _byPorts.GetValueOrDefault((hostPort, guestPort));

    /// <returns>Null for a number that is no longer that stream's.</returns>
    public VsockConnection? Of(Machine.IVsockStream stream)
    {
        VsockConnection? connection = (uint)stream.Tag < Maximum ? _slots[stream.Tag] : null;
        return ReferenceEquals(connection?.Stream, stream) ? connection : null;
    }

    /// <summary>A port of the host's that the guest has no connection with.</summary>
    public uint NewHostPort(uint guestPort)
    {
        do
            _nextHostPort = Math.Max(_nextHostPort + 1, FirstHostPort);
        while (_byPorts.ContainsKey((_nextHostPort, guestPort)));
        return _nextHostPort;
    }

    /// <returns>False when there are too many.</returns>
    public bool TryAdd(VsockConnection connection)
    {
        int slot = Array.IndexOf(_slots, null);
        if (slot < 0)
            return false;
        _slots[slot] = connection;
        connection.Stream.Tag = slot;
        _byPorts.Add((connection.HostPort, connection.GuestPort), connection);
        Count++;
        return true;
    }

    /// <summary>The guest may use the two ports for another one.</summary>
    public void Orphan(VsockConnection connection)
    {
        connection.IsOrphan = true;
        _byPorts.Remove((connection.HostPort, connection.GuestPort));
    }

    public void Remove(VsockConnection connection)
    {
        if (!connection.IsOrphan)
            Orphan(connection);
        _slots[connection.Stream.Tag] = null;
        Count--;
        Forget(connection);
    }

    /// <summary>Gives a connection with something for the guest a turn, after those that wait already.</summary>
    public void Enqueue(VsockConnection connection)
    {
        if (connection.IsQueued || !connection.HasWork)
            return;
        connection.IsQueued = true;
        _waiting.Enqueue(connection);
    }

    /// <summary>Takes the one whose turn it is; it may have nothing any more.</summary>
    public VsockConnection Dequeue()
    {
        VsockConnection connection = _waiting.Dequeue();
        connection.IsQueued = false;
        return connection;
    }

    public void Clear()
    {
        foreach (VsockConnection? connection in _slots)
            connection?.Stream.Close();
        Array.Clear(_slots);
        _byPorts.Clear();
        _waiting.Clear();
        Count = 0;
    }

    /// <summary>Takes a connection out of its place in the queue: a guest that opens and resets connections and gives no buffers would fill it without end.</summary>
    private void Forget(VsockConnection connection)
    {
        for (int count = connection.IsQueued ? _waiting.Count : 0; count > 0; count--)
        {
            VsockConnection other = _waiting.Dequeue();
            if (other != connection)
                _waiting.Enqueue(other);
        }

        connection.IsQueued = false;
    }
}
