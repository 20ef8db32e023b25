namespace Hearth.Machine;

/// <summary>One device's claim to a range of a <see cref="Bus"/>; disposing it gives the range back.</summary>
internal sealed class BusMapping(Bus bus, AddressRange range, IBusDevice device, int priority, ulong sequence, bool isOverlay)
    : IDisposable
{
    public AddressRange Range { get; } = range;

    public IBusDevice Device { get; } = device;

    public int Priority { get; } = priority;

    /// <summary>Orders claims of one priority: the later one is on top.</summary>
    public ulong Sequence { get; } = sequence;

    public bool IsOverlay { get; } = isOverlay;

    public void Dispose() => bus.Remove(this);
}
