namespace Hearth.Machine;

/// <summary>An address space (memory or ports) to which devices are mapped.</summary>
public interface IAddressSpace
{
    /// <summary>Maps a device; disposing the result unmaps it. May be called while the machine runs (a guest moves a BAR).</summary>
    /// <exception cref="MachineException">The range is empty, passes the end of the space, or overlaps a mapped one.</exception>
    IDisposable Map(AddressRange range, IBusDevice device);

    /// <summary>Maps a device over whatever lies there, which comes back on dispose: a guest may place a BAR over anything.</summary>
    /// <param name="priority">The mapping with the higher priority answers where two overlap; plain <see cref="Map"/> has priority 0.</param>
    IDisposable MapOverlay(AddressRange range, IBusDevice device, int priority);
}
