namespace Hearth.Machine;

/// <summary>A device that also works while no vCPU runs: a disk with requests in flight, a NIC that takes frames.</summary>
/// <remarks>
/// The machine pauses in this order: vCPUs stop, <see cref="Pause"/> on every such device, the clock stops. Only then are
/// RAM and devices saved: a request that ended in between would write to RAM and raise an interrupt that one part of the
/// saved state has and another has not. A device resets, saves and restores whether it was paused or not.
/// </remarks>
public interface IPausableDevice
{
    /// <summary>
    /// Brings requests in flight to their end and takes no new work. After it returns the device neither touches guest
    /// memory nor changes an interrupt by itself. Takes as long as the host's disk needs.
    /// </summary>
    void Pause();

    /// <summary>Takes up work again, and looks for what arrived meanwhile.</summary>
    void Resume();
}
