namespace Hearth.Machine;

/// <summary>A line with a switch in it: while it is closed off the source's level does not reach the wire, but is not forgotten.</summary>
public sealed class GatedLine : IInterruptLine
{
    private readonly Lock _lock = new();
    private readonly IInterruptLine _target;
    private bool _isAsserted;
    private bool _isOpen = true;

    public GatedLine(IInterruptLine target) => _target = target;

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
}
