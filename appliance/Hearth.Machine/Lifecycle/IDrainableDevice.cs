namespace Hearth.Machine;

/// <summary>A device whose requests take as long as the host's disk needs, and which can be relieved of them before vCPUs stop.</summary>
public interface IDrainableDevice
{
    /// <summary>
    /// Begins nothing new, until <see cref="IPausableDevice.Resume"/>, and waits for what is in flight. While vCPUs run: what they ask for meanwhile stays where it is in the
    /// guest's memory.
    /// </summary>
    void Drain();
}
