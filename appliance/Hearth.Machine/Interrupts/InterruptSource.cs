namespace Hearth.Machine;

/// <summary>One device's hold on a wire.</summary>
internal sealed class InterruptSource(InterruptWire wire) : IEdgeLine
{
    // Written under the wire's lock. Read without it first, because devices set the level they have again and again; the
    // device's own lock orders its calls, so the value read is the one it set last.
    private volatile bool _isAsserted;

    public bool IsAsserted
    {
        get => _isAsserted;
        set => _isAsserted = value;
    }

    public void Set(bool asserted)
    {
        if (_isAsserted != asserted)
            wire.Set(this, asserted);
    }

    public void Pulse(int edges, int limit) => wire.Pulse(edges, limit);

    public void Cancel() => wire.Cancel();
}
