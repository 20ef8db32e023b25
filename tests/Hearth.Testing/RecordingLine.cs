using Hearth.Machine;

namespace Hearth.Testing;

/// <summary>An interrupt line that remembers its level and counts its edges. Recording allocates nothing.</summary>
public sealed class RecordingLine : IEdgeLine
{
    public bool IsAsserted { get; private set; }

    /// <summary>Changes from low to high.</summary>
    public int RisingEdges { get; private set; }

    /// <summary>Changes from high to low.</summary>
    public int FallingEdges { get; private set; }

    /// <summary>Calls of <see cref="Cancel"/>.</summary>
    public int Cancellations { get; private set; }

    public void Set(bool asserted)
    {
        if (asserted && !IsAsserted)
            RisingEdges++;
        if (!asserted && IsAsserted)
            FallingEdges++;
        IsAsserted = asserted;
    }

    public void Pulse(int edges, int limit)
    {
        RisingEdges += edges;
        FallingEdges += edges;
    }

    public void Cancel() => Cancellations++;
}
