using Hearth.Machine;

namespace Hearth.Testing;

/// <summary>An interrupt line that remembers its level and counts its edges. Recording allocates nothing.</summary>
public sealed class RecordingLine : IInterruptLine
{
    public bool IsAsserted { get; private set; }

    /// <summary>Changes from low to high.</summary>
    public int RisingEdges { get; private set; }

    /// <summary>Changes from high to low.</summary>
    public int FallingEdges { get; private set; }

    public void Set(bool asserted)
    {
        if (asserted && !IsAsserted)
            RisingEdges++;
        if (!asserted && IsAsserted)
            FallingEdges++;
        IsAsserted = asserted;
    }
}
