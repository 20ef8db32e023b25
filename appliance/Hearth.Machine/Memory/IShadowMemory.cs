namespace Hearth.Machine;

/// <summary>
/// The memory from 0xC0000 to 0xFFFFF as a host bridge steers it: for each of sixteen segments of 16 KiB whether reads come from RAM or from the firmware
/// ROM that lies behind the PCI bus, and whether writes reach RAM or nothing.
/// </summary>
public interface IShadowMemory
{
    /// <param name="segment">0 to 15, from 0xC0000 up.</param>
    /// <param name="readsRam">Otherwise the last 128 KiB of the ROM are read from 0xE0000 on, and all ones below.</param>
    /// <param name="writesRam">Otherwise writes are lost.</param>
    void Steer(int segment, bool readsRam, bool writesRam);
}
