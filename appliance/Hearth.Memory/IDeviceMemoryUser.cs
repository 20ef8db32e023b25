using Hearth.Machine;

namespace Hearth.Memory;

/// <summary>The CPU engine, as device memory knows it.</summary>
public interface IDeviceMemoryUser
{
    /// <summary>
    /// The guest finds the memory elsewhere or no longer. No vCPU keeps a translation of its old place for long; a vCPU that called does not after its instruction.
    /// From any thread, a vCPU's included, with any lock held.
    /// </summary>
    void DeviceMemoryPlaced();

    /// <summary>Adds what vCPUs have written since this was called last, and was not said by <see cref="PageFlags.Dirty"/>.</summary>
    /// <param name="into">Of as many pages as the memory has. Those of them that had <see cref="PageFlags.Dirty"/>, which was just taken, are there already.</param>
    void TakeDeviceWrites(PageSet into);
}
