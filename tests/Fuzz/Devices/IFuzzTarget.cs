namespace Hearth.Fuzz.Devices;

/// <summary>A device on a machine of its own, and what can be done to it: by a guest's registers and memory, by time, by the world outside.</summary>
internal interface IFuzzTarget
{
    /// <summary>Bytes that the device and what it is connected to may come to hold, whatever a guest does.</summary>
    long MemoryLimit { get; }

    /// <summary>Does one thing.</summary>
    void Act(Random random);

    /// <summary>Looks whether what must hold at any time does; now and then.</summary>
    /// <exception cref="InvalidOperationException">It does not.</exception>
    void Check();
}
