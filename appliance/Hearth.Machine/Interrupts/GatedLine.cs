namespace Hearth.Machine;

/// <summary>A line with a switch in it: while it is closed off the source's level does not reach the wire, but is not forgotten; edges are.</summary>
public sealed class GatedLine : IEdgeLine
{
    private readonly Lock _lock = new();
    private readonly IEdgeLine _target;
    private bool _isAsserted;
    private bool _isOpen = true;

    public GatedLine(IEdgeLine target) => _target = target;

    /// <summary>True while levels pass; true at first. Set by the device that owns the switch, under its own lock.</summary>
    public bool IsOpen
    {
        get
        {
            lock (_lock)
                return _isOpen;
        }

        set
        {
            lock (_lock)
            {
                _isOpen = value;
                _target.Set(_isOpen && _isAsserted);
            }
        }
    }

    public void Set(bool asserted)
    {
        lock (_lock)
        {
            _isAsserted = asserted;
            _target.Set(_isOpen && asserted);
        }
    }

    public void Pulse(int edges, int limit)
    {
        lock (_lock)
        {
            if (_isOpen)
                _target.Pulse(edges, limit);
        }
    }

    /// <summary>Nothing while it is closed: what the wire owes then is owed to whoever replaces the source.</summary>
    public void Cancel()
    {
        lock (_lock)
        {
            if (_isOpen)
                _target.Cancel();
        }
    }
}
